import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Beyond the minute that load balancers keep idle connections: the side that knows of the next request must be the one that closes. */
const KEEP_ALIVE_MS = 72_000;
/** For a whole request, its body included: none of ours is large. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 15_000;

export interface HttpServers {
  /** Those that could be listened on. */
  readonly addresses: readonly string[];
  /**
   * Takes no new connection, waits for the requests under way and closes each connection as it falls idle; after `milliseconds` cuts what is left.
   * Returns how many requests were cut.
   */
  drain(milliseconds: number): Promise<number>;
}

/**
 * One server on each address, all with the same listener. An address that `optional` names is left out where the machine has none of its kind
 * (a container without IPv6). @throws Error that says what to change
 */
export async function listen(
  listener: RequestListener,
  addresses: readonly string[],
  port: number,
  optional: readonly string[] = [],
): Promise<HttpServers> {
  let draining = false;
  let underWay = 0;
  const counted: RequestListener = (request, response) => {
    underWay++;
    response.once('close', () => underWay--);
    if (draining) response.setHeader('connection', 'close');
    listener(request, response);
  };
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const listening: string[] = [];
  for (const address of addresses) {
    try {
      const server = await listenOn(counted, address, port);
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.once('close', () => sockets.delete(socket));
      });
      servers.push(server);
      listening.push(address);
    } catch (error) {
      if (optional.includes(address) && isAbsent(error)) continue;
      await Promise.all(servers.map(closed));
      throw error;
    }
  }
  if (servers.length === 0) throw new Error(`This machine has none of the addresses ${addresses.join(', ')}: set HOST.`);
  return {
    addresses: listening,
    drain: async (milliseconds) => {
      draining = true;
      const allClosed = Promise.all(servers.map(closed));
      const closing = setInterval(() => {
        servers.forEach((server) => server.closeIdleConnections());
        // Opened ahead by a browser or a proxy, and never used: Node waits for their first request.
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
      }, 25);
      const patience = new AbortController();
      await Promise.race([allClosed, sleep(milliseconds, undefined, { signal: patience.signal }).catch(() => undefined)]);
      patience.abort();
      clearInterval(closing);
      const cut = underWay;
      servers.forEach((server) => server.closeAllConnections());
      await allClosed;
      return cut;
    },
  };
}

function listenOn(listener: RequestListener, address: string, port: number): Promise<Server> {
  const timeouts = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    headersTimeout: HEADERS_MS,
    connectionsCheckingInterval: 5_000,
  };
  const server = createServer(timeouts, listener);
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(explain(error, address, port), { cause: error })));
    server.listen({ port, host: address, ipv6Only: address.includes(':') && address !== '::' }, () => resolve(server));
  });
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

const isAbsent = (error: unknown): boolean =>
  ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(((error as Error).cause as NodeJS.ErrnoException).code ?? '');

function explain({ code }: NodeJS.ErrnoException, address: string, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${address} is taken by another program: stop that, or set PORT to another one.`;
    case 'EACCES':
      return `Port ${port} on ${address} needs privileges this process does not have: set PORT to one above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'ENOTFOUND':
      return `This machine has no address ${address} to listen on: correct HOST.`;
    default:
      return `Listening on ${address}, port ${port} failed (${code ?? 'unknown error'}): correct HOST or PORT.`;
  }
}
