import { baseAddress } from './platform.js';

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
/** A step up, for servers that decode or shorten a path after a gateway has looked at it: `..%2f`, `..\`, `..;`. */
const STEP_UP = /(^|[/\\])\.\.([;/\\]|$)/;

/** An absolute address that tokens may travel to. @throws TypeError */
export function secureAddress(address: string, what: string): URL {
  const url = parse(address);
  if (!url) throw new TypeError(`${what} must be an absolute URL.`);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname))) {
    throw new TypeError(`${what} must be https, or http on loopback: ${url.origin}.`);
  }
  if (url.username !== '' || url.password !== '') throw new TypeError(`${what} must not have a user or a password: ${url.origin}.`);
  if (url.search !== '' || url.hash !== '') throw new TypeError(`${what} must have no query and no fragment: ${url.origin}.`);
  return url;
}

/** Where the access token may be sent, and nowhere else: prefixes of URLs, by whole path segments. */
export class ApiAddresses {
  private readonly prefixes: readonly URL[];

  /** @throws TypeError */
  constructor(apis: readonly string[]) {
    this.prefixes = apis.map((api) => secureAddress(api, 'Each of `apis`'));
  }

  /** The address as the platform would read it. @throws TypeError when the token must not be sent there; it names no path and no query */
  check(address: string): URL {
    const url = parse(address, baseAddress());
    if (!url) throw new TypeError('The address is not a URL.');
    const known = url.username === '' && url.password === '' && this.prefixes.some((prefix) => isBelow(url, prefix));
    if (!known) throw new TypeError(`The address is not below any of \`apis\`: ${url.origin}.`);
    return url;
  }
}

function isBelow(url: URL, prefix: URL): boolean {
  if (url.origin !== prefix.origin) return false;
  const folder = prefix.pathname.replace(/\/*$/, '/');
  if (folder === '/') return true;
  const path = url.pathname.replace(/%2e/gi, '.').replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
  return `${url.pathname}/`.startsWith(folder) && !STEP_UP.test(path);
}

function parse(address: string, base?: string): URL | undefined {
  try {
    return new URL(address, base);
  } catch {
    return undefined; // some platforms' messages show the whole address
  }
}
