/**
 * The parser has taken dots and backslashes out. Escaped ones, also twice, might be undone by somebody behind, and some servers take `..;` for `..`; an
 * escaped NUL ends a path for others.
 */
const UNCLEAR = /%(?:25)*(?:2e|2f|5c|00)|\/\.{1,2}(?:;|%3b)/i;

/** The address of a path below another one. @throws TypeError: it is not below */
export function addressBelow(address: string, path: string): URL {
  const base = new URL(address.endsWith('/') ? address : `${address}/`);
  const url = URL.canParse(path, base.href) ? new URL(path, base) : undefined;
  const inside = url?.origin === base.origin && url.pathname.startsWith(base.pathname) && !UNCLEAR.test(url.pathname);
  if (!url || !inside || url.username !== '' || url.password !== '') throw new TypeError('The address is none of this API.');
  return url;
}

const DOTS = /(^|[/\\])(\.|%2e){1,2}([/\\]|$)/i;

/**
 * What an incoming request asks for, as a path below something else: `//host` and `scheme:` are names like any other.
 * @throws TypeError: it climbs, past what the app's route is for
 */
export function relativePath(target: string, path?: string): string {
  const [own = '', query] = target.split(/\?(.*)/s);
  if (path === undefined && DOTS.test(own)) throw new TypeError('The path has dots.');
  const wanted = path ?? `./${own.replace(/^\/+/, '')}`;
  return query === undefined || wanted.includes('?') ? wanted : `${wanted}?${query}`;
}
