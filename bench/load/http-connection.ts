import { connect, type Socket } from 'node:net';

type Done = (status: number, body: string) => void;

/**
 * A keep-alive connection (RFC 9112) that has one request under way at a time. By hand, because the generator shares its processor with Postgres: it takes
 * a third of the time of node:http.
 */
export class HttpConnection {
  private received = '';
  private done: Done | undefined;
  private failed: ((error: Error) => void) | undefined;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.read(text));
    socket.on('error', (error) => this.fail(error));
    socket.on('close', () => this.fail(new Error('The server closed a connection.')));
  }

  /** @param localAddress of the loopback network; servers that count by address see another one for each connection */
  static open(port: number, localAddress?: string): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', ...(localAddress !== undefined && { localAddress }) });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new HttpConnection(socket));
      });
    });
  }

  send(request: string, done: Done, failed: (error: Error) => void): void {
    this.done = done;
    this.failed = failed;
    this.socket.write(request, 'latin1');
  }

  close(): void {
    this.failed = undefined;
    this.socket.destroy();
  }

  private fail(error: Error): void {
    this.failed?.(error);
    this.failed = undefined;
  }

  private read(text: string): void {
    this.received = this.received === '' ? text : this.received + text;
    const answer = parseAnswer(this.received);
    if (!answer) return;
    this.received = '';
    this.done?.(answer.status, answer.body);
  }
}

/** Undefined: there is more to come. */
export function parseAnswer(received: string): { status: number; body: string } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const status = Number(received.slice(9, 12));
  const head = received.slice(0, end);
  const start = end + 4;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const all = start + Number(length);
    return received.length < all ? undefined : { status, body: received.slice(start, all) };
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return { status, body: '' };
  if (!received.endsWith('0\r\n\r\n')) return undefined;
  return { status, body: joinChunks(received, start) };
}

function joinChunks(received: string, start: number): string {
  let body = '';
  for (let at = start; ;) {
    const line = received.indexOf('\r\n', at);
    const size = parseInt(received.slice(at, line), 16);
    if (!(size > 0)) return body;
    body += received.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}
