import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly chunked: boolean;
}

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
export const closeConnections = (): void => agent.destroy();

/** Sends headers as they are, repeated ones too. Undefined: the server closed the line without an answer, as it may when a body is refused half-way. */
export function send(url: string, { method, path, headers, body, chunked }: FuzzRequest): Promise<FuzzAnswer | undefined> {
  const { hostname, port } = new URL(url);
  const length = chunked ? ['transfer-encoding', 'chunked'] : body.length > 0 ? ['content-length', String(body.length)] : [];
  return new Promise((resolve, reject) => {
    let answered = false;
    const flat = ['host', `${hostname}:${port}`, ...headers.flat(), ...length];
    // `headers` as one flat list is what lets a name come twice.
    const outgoing = request({ agent, hostname, port, method, path, headers: flat as never }, (response) => {
      answered = true;
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', () => resolve(undefined));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(parts).toString('utf8') }),
      );
    });
    outgoing.setTimeout(20_000, () => outgoing.destroy(new Error('no answer within 20 s')));
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (answered) return;
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(undefined);
      else reject(error);
    });
    outgoing.end(body);
  });
}

/** Sends bytes that need not be HTTP at all and reads until the server closes the line. */
export function sendRaw(url: string, bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    socket.setTimeout(20_000, () => socket.destroy(new Error('the line was not closed within 20 s')));
    socket.on('data', (part) => parts.push(part));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? undefined : reject(error),
    );
    socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')));
  });
}
