import { request, type IncomingHttpHeaders } from 'node:http';

/** A request as bytes: nothing is added to it that HTTP does not need, nothing is corrected. */
export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Send the body in chunks, without a content-length. */
  readonly chunked?: boolean;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests assert what is in it; undefined when it is not JSON
  readonly body: any;
}

/** What `fetch` would not send: any method, a body of any bytes with any or no content type, chunked or with a length. */
export function exchange(url: string, { method = 'POST', path, headers = {}, body = '', chunked = false }: RawRequest): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body);
    const length = chunked ? { 'transfer-encoding': 'chunked' } : bytes.length > 0 ? { 'content-length': String(bytes.length) } : {};
    let answered = false;
    const { hostname: host, port } = new URL(url);
    // The path by itself: as part of a URL it would be normalised.
    const outgoing = request({ host, port, path, method, headers: { connection: 'close', ...length, ...headers } }, (response) => {
      answered = true;
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parse(text) });
      });
    });
    // Whoever refuses a body before it has come may close the line while we still write; the answer is there all the same.
    outgoing.on('error', (error) => (answered ? undefined : reject(error)));
    outgoing.end(bytes);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
