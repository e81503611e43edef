import { Injectable } from '@nestjs/common';
import type { FeedState } from './feed-freshness.js';
import { RevocationFeed } from './revocation-feed.js';

const STATES: readonly FeedState[] = ['cold', 'fresh', 'stale', 'blind'];

/** The revocation feed of this process in numbers, for health and metrics. Inject it where ValidationModule is. */
@Injectable()
export class FeedStatus {
  constructor(private readonly feed: RevocationFeed) {}

  /** `off`: neither the module's check is `feed` nor that of any route. */
  get state(): FeedState | 'off' {
    return this.feed.used ? this.feed.freshness.state : 'off';
  }

  /** Age of what is held, in milliseconds of the monotonic clock. Undefined: nothing was heard yet. */
  get age(): number | undefined {
    return this.feed.freshness.age;
  }

  /** How revocations are heard of where the service is followed over HTTP: `poll` where streams do not get through. Undefined also while nothing is heard. */
  get transport(): 'stream' | 'poll' | undefined {
    return this.feed.freshness.decides ? this.feed.transport : undefined;
  }

  /** Revoked and unexpired ids, and marks of clients and signing keys. */
  get held(): number {
    return this.feed.size;
  }

  /** Refusals because of it so far. */
  get denials(): number {
    return this.feed.denials;
  }

  /** The same in the text format of Prometheus (version 0.0.4), for a route that is scraped. Empty when `off`. */
  text(): string {
    const { state } = this;
    if (state === 'off') return '';
    const age = this.age === undefined ? '+Inf' : String(this.age / 1000);
    const metrics = [
      ['countersign_feed_age_seconds', 'gauge', [['', age]]],
      ['countersign_feed_state', 'gauge', STATES.map((name) => [`{state="${name}"}`, name === state ? '1' : '0'])],
      ['countersign_feed_held', 'gauge', [['', String(this.held)]]],
      ['countersign_feed_denials_total', 'counter', [['', String(this.denials)]]],
    ] as const;
    const lines = metrics.flatMap(([name, type, samples]) => [
      `# TYPE ${name} ${type}`,
      ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
    ]);
    return `${lines.join('\n')}\n`;
  }
}
