import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

export type Library = 'ws' | 'socket.io';

/** An event with its content. */
export type Heard = readonly [event: string, content: unknown];

/** A client's side of a WebSocket, the same for both libraries. */
export interface Conversation {
  /** What was heard, in order. */
  readonly heard: readonly Heard[];
  say(event: string, content?: unknown): void;
  /** Says something and waits for what is heard next. */
  ask(event: string, content?: unknown): Promise<Heard>;
  /** Code and reason, of socket.io the reason alone; what was heard last stands before it. */
  readonly closed: Promise<string>;
  hangUp(): void;
  /** Reads nothing any more; of `ws` only. */
  deafen?(): void;
}

export interface Presented {
  /** In the Authorization header of the upgrade request. */
  readonly header?: string;
  /** In the handshake; of socket.io only. */
  readonly auth?: unknown;
  readonly query?: Readonly<Record<string, string>>;
}

/** Rejects when the connection cannot be opened. */
export async function converse(
  library: Library,
  url: string,
  path: string,
  { header, auth, query = {} }: Presented,
): Promise<Conversation> {
  const headers: Record<string, string> = header === undefined ? {} : { authorization: header };
  const heard: Heard[] = [];
  let waiting: ((heard: Heard) => void) | undefined;
  const hear = (...event: Heard): void => {
    heard.push(event);
    waiting?.(event);
  };
  const withAsk = (say: Conversation['say'], rest: Pick<Conversation, 'closed' | 'hangUp' | 'deafen'>): Conversation => ({
    heard,
    say,
    ask: (event, content) => {
      const answer = new Promise<Heard>((resolve) => (waiting = resolve));
      say(event, content);
      return answer;
    },
    ...rest,
  });

  if (library === 'ws') {
    const socket = new WebSocket(`${url.replace('http', 'ws')}${path}?${new URLSearchParams(query).toString()}`, { headers });
    const closed = new Promise<string>((resolve) => socket.on('close', (code, reason) => resolve(`${code} ${reason.toString()}`)));
    socket.on('message', (data: Buffer) => {
      const { event, data: content } = JSON.parse(data.toString());
      hear(event, content);
    });
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    return withAsk((event, data = null) => socket.send(JSON.stringify({ event, data })), {
      closed,
      hangUp: () => socket.terminate(),
      deafen: () => socket.pause(),
    });
  }
  const options = {
    path,
    auth: (auth ?? {}) as object,
    query,
    extraHeaders: headers,
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  };
  const socket = io(url, options);
  const closed = new Promise<string>((resolve) => socket.on('disconnect', (reason) => resolve(reason)));
  socket.onAny(hear);
  await new Promise<void>((resolve, reject) => void socket.on('connect', resolve).on('connect_error', reject));
  return withAsk((event, content = null) => socket.emit(event, content), { closed, hangUp: () => socket.disconnect() });
}
