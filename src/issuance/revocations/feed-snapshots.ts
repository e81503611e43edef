import { Injectable } from '@nestjs/common';
import { restOfAll } from './feed-text.js';
import { RevocationHub } from './revocation-hub.js';

export interface FeedSnapshot {
  /** Where whoever has read it goes on. */
  readonly cursor: string;
  readonly asOf: number;
  /** What comes after `up_ms`. */
  readonly rest: Buffer;
}

/** So many times as long as it took to write, but not for long: of a million ids it has 11 MB. */
const KEPT = 10;
/** Milliseconds. */
const LONGEST_KEPT = 2_000;

/** Everything in force as one text, written once for all who ask meanwhile or soon after; what has come since they are told from its cursor on. */
@Injectable()
export class FeedSnapshots {
  private latest: Promise<FeedSnapshot> | undefined;

  constructor(private readonly hub: RevocationHub) {}

  take(cursor: string): Promise<FeedSnapshot> {
    if (this.latest) return this.latest;
    const began = performance.now();
    const writing = this.write(cursor);
    this.latest = writing;
    const forget = (): void => void (this.latest = undefined);
    void writing.then(() => setTimeout(forget, Math.min(KEPT * (performance.now() - began), LONGEST_KEPT)).unref(), forget);
    return writing;
  }

  /** @param cursor of the newest reading: what comes while it is written is in it or not */
  private async write(cursor: string): Promise<FeedSnapshot> {
    const { asOf } = this.hub;
    return { cursor, asOf, rest: await restOfAll(this.hub.contents()) };
  }
}
