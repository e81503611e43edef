import { isIPv6 } from 'node:net';

/**
 * What attempts from an address are counted under: an IPv4 address itself, of an IPv6 address the first 64 bits – whoever has one address of such
 * a network has all of them (RFC 6177). Of a caller who hung up before the request was read the host knows no address any more.
 */
export function addressKey(address: string | undefined): string {
  const [bare = ''] = (address ?? '').toLowerCase().split('%');
  if (!bare.includes(':') || !isIPv6(bare)) return `address:${bare}`;
  const mapped = /^::ffff:([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)$/.exec(bare)?.[1];
  return `address:${mapped ?? network64(bare)}`;
}

function network64(address: string): string {
  const [head = '', tail] = address.replace(/[0-9.]+\.[0-9]+$/, '0:0').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  const groups = [...left, ...zeros, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${groups.join(':')}::/64`;
}
