import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

export interface Exchange {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where the server of an origin really listens. */
  readonly hosts: Readonly<Record<string, string>>;
}

/**
 * One request over plain http, and no redirect followed. Not by `fetch`: it would not let `Host`, `Sec-Fetch-Mode` and `Cookie` be what a browser
 * makes of them.
 */
export async function exchange({ url, method, headers, body, signal, hosts }: Exchange): Promise<Response> {
  const asked = new URL(url);
  const elsewhere = hosts[asked.origin];
  if (elsewhere === undefined && asked.protocol !== 'http:')
    throw new Error(`Only http is spoken here; say in "hosts" who serves ${asked.origin}.`);
  const { hostname, port } = new URL(elsewhere ?? url);
  const forwarded = elsewhere === undefined ? {} : { 'x-forwarded-proto': asked.protocol.slice(0, -1), 'x-forwarded-host': asked.host };
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = httpRequest(
      {
        hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
        port: port === '' ? 80 : Number(port),
        path: asked.pathname + asked.search,
        method,
        headers: { host: asked.host, ...forwarded, ...length, ...headers },
        ...(signal && { signal }),
        agent: false, // a connection of its own: nothing is left open when a test is over
      },
      resolve,
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
  return asResponse(incoming, method);
}

function asResponse(incoming: IncomingMessage, method: string): Response {
  const headers = new Headers();
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '');
  }
  const status = incoming.statusCode ?? 0;
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 205 && status !== 304;
  if (!hasBody) incoming.resume();
  return new Response(hasBody ? (Readable.toWeb(incoming) as ReadableStream) : null, {
    status,
    statusText: incoming.statusMessage ?? '',
    headers,
  });
}
