import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Clock } from '../../../src/protocol/clock.js';
import { chooseFeedSource } from '../../../src/validation/feed/choose-feed-source.js';
import type { FeedSource } from '../../../src/validation/feed/feed-source.js';
import { RevocationFeed } from '../../../src/validation/feed/revocation-feed.js';
import { IssuerMetadata } from '../../../src/validation/issuer/issuer-metadata.js';
import { resolveOptions, type ValidationOptions } from '../../../src/validation/validation.options.js';
import { TestClock } from '../../support/test-clock.js';
import { AUDIENCE } from './claims.js';
import type { FeedService } from './feed-service.js';

export const CREDENTIALS = { clientId: 'api', clientSecret: 's3cret' };

/** What a guard holds of a service, without the guard. */
export class Followed {
  private constructor(
    readonly feed: RevocationFeed,
    readonly source: FeedSource,
  ) {}

  /** Does not wait until something was heard. */
  static start(service: FeedService, changes: Partial<ValidationOptions> = {}, clock: Clock = new TestClock()): Followed {
    const given: ValidationOptions = { issuer: service.url, audience: AUDIENCE, check: 'feed', ...CREDENTIALS, ...changes };
    const options = resolveOptions(given, { tokenEntryStore: false, revocationLogStore: false });
    const source = chooseFeedSource(options, clock, undefined, new IssuerMetadata(options, clock)) as FeedSource;
    const followed = new Followed(new RevocationFeed(options, clock, source), source);
    open.add(followed);
    void followed.feed.onModuleInit();
    return followed;
  }

  /** Whether it knows that the token is revoked. */
  knows(jti: string): boolean {
    return this.feed.judgeId(jti) === 'revoked';
  }

  stop(): void {
    open.delete(this);
    this.feed.onApplicationShutdown();
  }
}

/** Asks again and again, for twenty seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${holds.toString()}`);
    await sleep(10);
  }
}

const open = new Set<Followed>();
afterAll(() => {
  for (const followed of open) followed.stop();
});

/** What was logged, in the whole process. */
export function keepLog(): readonly string[] {
  const lines: string[] = [];
  const keep = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));
  Logger.overrideLogger({ log: keep, error: keep, warn: keep, debug: keep, verbose: keep, fatal: keep });
  return lines;
}
