import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';

/** A body to pass on: once, as it comes in, or as often as one likes. */
export type PassedOnBody = { readonly headers: OutgoingHttpHeaders } & ({ readonly stream: Readable } | { readonly bytes: Buffer });

/**
 * The body of a request: what is there of it yet, or what the framework has made of it, written again by its content type. Undefined: it has none.
 * @param request the framework's, whose `body` and `rawBody` count
 * @throws TypeError: somebody has read it and left nothing that could be written again
 */
export function bodyOf(request: object, incoming: IncomingMessage): PassedOnBody | undefined {
  const { 'content-length': length, 'transfer-encoding': transfer, 'content-type': type, 'content-encoding': encoding } = incoming.headers;
  if (transfer === undefined && (length === undefined || length === '0')) return undefined; // RFC 9112 §6.3
  const { body, rawBody } = request as { readonly body?: unknown; readonly rawBody?: unknown };
  const typed = type === undefined ? {} : { 'content-type': type };
  if (!incoming.readableDidRead) {
    // Node would send it unframed with methods that seldom have a body: what follows on the connection would be another request (RFC 9112 §11.2).
    const framing = transfer === undefined ? { 'content-length': length } : { 'transfer-encoding': 'chunked' };
    return { stream: incoming, headers: { ...typed, ...framing, ...(encoding !== undefined && { 'content-encoding': encoding }) } };
  }
  // Whoever read it has undone its coding.
  if (body instanceof Readable && !body.readableDidRead) return { stream: body, headers: { ...typed, 'transfer-encoding': 'chunked' } };
  const bytes = Buffer.isBuffer(rawBody) ? rawBody : writtenAgain(body, type ?? '');
  return { bytes, headers: { ...typed, 'content-length': String(bytes.length) } };
}

function writtenAgain(body: unknown, type: string): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body);
  if (typeof body === 'string' && !isJson(type)) return Buffer.from(body);
  if (isJson(type) && body !== undefined) return Buffer.from(JSON.stringify(body));
  if (/^application\/x-www-form-urlencoded\b/i.test(type) && typeof body === 'object') {
    return Buffer.from(new URLSearchParams(fields(body ?? {})).toString());
  }
  throw new TypeError('The body of the request was read by somebody else, who left nothing to pass on.');
}

const isJson = (type: string): boolean => /^application\/([\w.+-]+\+)?json\b/i.test(type);

/** Express nests: `a[b]=1`. */
const fields = (values: object, prefix?: string): [string, string][] =>
  Object.entries(values).flatMap(([key, value]: [string, unknown]) => {
    const name = prefix === undefined ? key : `${prefix}[${key}]`;
    return [value]
      .flat()
      .flatMap((one): [string, string][] => (typeof one === 'object' && one !== null ? fields(one, name) : [[name, String(one)]]));
  });
