import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

/** A server-sent event (HTML Standard §9.2.6). */
export interface StreamEvent {
  readonly name: string;
  readonly id: string | undefined;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests assert what is in it
  readonly data: any;
}

/** A stream as a follower reads it. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  /** Undefined: it is open. */
  over: 'ended' | 'broken' | undefined;
  private text = '';
  private changed: () => void = () => undefined;

  private constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    private readonly sent: ClientRequest,
    private readonly response: IncomingMessage,
    paused: boolean,
  ) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.take(text));
    if (paused) response.pause();
    response.on('end', () => this.finish('ended'));
    response.on('error', () => this.finish('broken'));
    response.on('close', () => this.finish('broken'));
  }

  static open(url: string, headers: Readonly<Record<string, string>>, { paused = false } = {}): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { agent: false, headers: { accept: 'text/event-stream', ...headers } }, (response) =>
        resolve(new EventStream(response.statusCode ?? 0, response.headers, sent, response, paused)),
      );
      sent.on('error', reject);
      sent.end();
    });
  }

  /** The first event, past or to come, that fits. */
  async event(fits: (event: StreamEvent) => boolean): Promise<StreamEvent> {
    for (let seen = 0; ;) {
      const found = this.events.slice(seen).find(fits);
      if (found) return found;
      seen = this.events.length;
      if (this.over) throw new Error(`The stream is over (${this.over}) after ${seen} events.`);
      await this.change();
    }
  }

  async end(): Promise<'ended' | 'broken'> {
    while (!this.over) await this.change();
    return this.over;
  }

  /** Begins to read. */
  resume(): void {
    this.response.resume();
  }

  /** The id to resume with. */
  get lastId(): string | undefined {
    return this.events.findLast(({ id }) => id !== undefined)?.id;
  }

  close(): void {
    this.sent.destroy();
  }

  private take(text: string): void {
    const blocks = (this.text + text).split('\n\n');
    this.text = blocks.pop() ?? '';
    this.events.push(...blocks.map(parse));
    this.changed();
  }

  private finish(how: 'ended' | 'broken'): void {
    this.over ??= how;
    this.changed();
  }

  private change(): Promise<void> {
    return new Promise((resolve) => (this.changed = resolve));
  }
}

function parse(block: string): StreamEvent {
  const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
  return { name: fields.get('event') ?? 'message', id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') };
}
