import { HttpConnection } from '../load/http-connection.js';

/** @param manyAddresses each from another address of the loopback network, where the system lets it (Linux) */
export function connectAll(port: number, count: number, manyAddresses = false): Promise<HttpConnection[]> {
  const address = (n: number): string | undefined =>
    manyAddresses && process.platform === 'linux' ? `127.0.${1 + (n >> 7)}.${1 + (n & 127)}` : undefined;
  return Promise.all(Array.from({ length: count }, (_, n) => HttpConnection.open(port, address(n))));
}
