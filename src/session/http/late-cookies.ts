import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';

const SET_COOKIE = 'set-cookie';
const CACHE_CONTROL = 'cache-control';
/** A shared or a private cache must not give one person's cookie, or what was made for that person, to another. RFC 9111 §5.2.2 */
const NOT_STORED = 'private, no-store';

type Headers = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | undefined;

/**
 * Adds cookies to a response at the moment its head is written, whoever writes it and how: a framework's reply, a stream, a redirect, an error, or
 * somebody with Node's own response in hand. Cookies that the app sets itself stay.
 *
 * @param lines of Set-Cookie, asked for at that moment; none: the response stays as it is
 */
export function addLateCookies(response: ServerResponse, lines: () => readonly string[]): void {
  const writeHead = response.writeHead.bind(response) as (status: number, message: string | undefined, headers: object) => ServerResponse;
  let written = false;
  response.writeHead = (status: number, ...rest: [(string | Headers)?, Headers?]): ServerResponse => {
    const message = typeof rest[0] === 'string' ? rest[0] : undefined;
    const headers = asObject(typeof rest[0] === 'string' || rest[0] === undefined ? rest[1] : rest[0]);
    const cookies = written ? [] : lines();
    written = true;
    if (cookies.length > 0) {
      headers[SET_COOKIE] = [...asList(headers[SET_COOKIE] ?? response.getHeader(SET_COOKIE)), ...cookies];
      headers[CACHE_CONTROL] = NOT_STORED;
    }
    // Names as the app wrote them would stand beside ours.
    for (const name of Object.keys(headers)) response.setHeader(name, headers[name] as OutgoingHttpHeader);
    return message === undefined ? (writeHead as (status: number) => ServerResponse)(status) : writeHead(status, message, {});
  };
}

/** Names in lower case; Node takes an object, or a flat list of names and values. */
function asObject(headers: Headers): Record<string, OutgoingHttpHeader> {
  const result: Record<string, OutgoingHttpHeader> = {};
  const add = (name: string, value: OutgoingHttpHeader): void => {
    const key = name.toLowerCase();
    const earlier = result[key];
    result[key] = earlier === undefined ? value : [...asList(earlier), ...asList(value)];
  };
  if (Array.isArray(headers)) {
    const list = headers.flat() as OutgoingHttpHeader[];
    for (let at = 0; at + 1 < list.length; at += 2) add(String(list[at]), list[at + 1] as OutgoingHttpHeader);
  } else {
    for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) add(name, value);
  }
  return result;
}

const asList = (value: OutgoingHttpHeader | undefined): string[] => (value === undefined ? [] : [value].flat().map(String));
