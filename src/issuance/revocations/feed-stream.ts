import type { ServerResponse } from 'node:http';
import { startOf } from './feed-text.js';
import type { Follower } from './follower.js';

/** An event as all streams get it, but for its age. */
export interface FeedEvent {
  readonly name: 'delta' | 'tick';
  readonly asOf: number;
  /** What comes after `up_ms`, and the id. One buffer, however many wait for it to be written. */
  readonly rest: Buffer;
}

/** Bytes that may wait to be written: who is further behind resumes later by the id of what he has read. */
const MOST_UNWRITTEN = 262_144;
/** Milliseconds a stream lives: by then two clocks may differ by 120 ms. Not all that began together end together. */
const LIFETIME = 600_000;
const SPREAD = 60_000;
/** Milliseconds in which a reader may take what was written last. */
const FAREWELL = 1_000;

/** One follower's server-sent events (HTML Standard §9.2). */
export class FeedStream {
  /** On the monotonic clock. */
  readonly endsAt = performance.now() + LIFETIME - Math.random() * SPREAD;
  /** Whether somebody is looking the token up. */
  asking = false;

  private over = false;

  /** @param accepted when the request came, on the monotonic clock */
  constructor(
    private readonly response: ServerResponse,
    readonly follower: Follower,
    private readonly accepted: number,
  ) {}

  send({ name, asOf, rest }: FeedEvent): void {
    if (this.over) return;
    if (this.response.writableLength > MOST_UNWRITTEN) return this.cut();
    this.response.write(`event: ${name}\ndata: ${startOf(asOf - this.accepted)}`);
    this.response.write(rest);
  }

  /** Everything must be read anew. */
  reload(): void {
    if (this.over) return;
    this.response.write('event: reload\ndata: {}\n\n');
    this.end();
  }

  /** Without a word. */
  end(): void {
    if (this.over) return;
    this.over = true;
    this.response.end();
    const cut = setTimeout(() => this.response.destroy(), FAREWELL).unref();
    this.response.once('close', () => clearTimeout(cut));
  }

  private cut(): void {
    this.over = true;
    this.response.destroy();
  }
}
