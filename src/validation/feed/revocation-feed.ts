import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, Optional, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import type { LogRow } from '../../storage/revocation-log.store.js';
import { RevocationKind } from '../../storage/revocation.store.js';
import type { Principal } from '../principal.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';
import { FeedFreshness, type FeedState } from './feed-freshness.js';
import { FeedSource, type FeedListener, type Reloading } from './feed-source.js';
import { Revocations, type Judgement } from './revocations.js';

/** Milliseconds an application waits for all of it before it listens. */
const START_PATIENCE = 5_000;
/** Milliseconds between two looks at its own state. */
const WATCH_PERIOD = 1_000;

/** What was ended anywhere, held in this process and kept up by its source. Empty, and never started, where no check asks it. */
@Injectable()
export class RevocationFeed implements FeedListener, OnModuleInit, OnApplicationShutdown {
  /** Whether it runs in this application at all. */
  readonly used: boolean;
  readonly freshness: FeedFreshness;
  /** Refusals because of it so far. */
  denials = 0;
  /** Called when something was heard that may end tokens. */
  readonly told = new Set<() => void>();
  /** Called when it was heard that the issuer has revoked one of the keys it signs with. */
  readonly keyRevoked = new Set<() => void>();
  private readonly logger = new Logger(RevocationFeed.name);
  private readonly stopping = new AbortController();
  private held = new Revocations();
  private heard: (() => void) | undefined;
  private watch: NodeJS.Timeout | undefined;
  private logged: FeedState = 'cold';

  constructor(
    @Inject(VALIDATION_OPTIONS) options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) private readonly clock: Clock,
    @Optional() private readonly source?: FeedSource,
  ) {
    this.used = options.checks.has('feed');
    this.freshness = new FeedFreshness(options.maxStale * 1000);
  }

  async onModuleInit(): Promise<void> {
    if (!this.used || !this.source) return;
    const { signal } = this.stopping;
    const complete = new Promise<void>((resolve) => (this.heard = resolve));
    this.source.start(this);
    this.watch = setInterval(() => this.look(), WATCH_PERIOD).unref();
    await Promise.race([complete, sleep(START_PATIENCE, undefined, { signal }).catch(() => undefined)]);
    // An application must start without its issuer.
    if (this.freshness.state === 'cold')
      this.logger.warn('Revocations cannot be read yet; until then tokens are treated by the option onStale.');
  }

  /** Not before: requests that are under way are judged by it. */
  onApplicationShutdown(): void {
    this.stopping.abort();
    clearInterval(this.watch);
    if (this.used) this.source?.stop();
  }

  reload(asOf: number): Reloading {
    const held = new Revocations();
    return {
      add: (rows) => held.add(rows, performance.now()),
      complete: () => {
        this.held = held;
        this.freshness.replaced(asOf);
        this.heard?.();
        for (const tell of this.told) tell();
      },
    };
  }

  add(rows: readonly LogRow[], asOf: number): void {
    if (rows.length > 0) this.held.add(rows, performance.now());
    this.freshness.completed(asOf);
    if (rows.length > 0) for (const tell of this.told) tell();
    if (rows.some(({ kind }) => kind === RevocationKind.signingKey)) for (const tell of this.keyRevoked) tell();
  }

  /** By what is held, however old that is. Parameters as of `Revocations.judge`. */
  judge(principal: Principal, kid?: string, asked?: number): Judgement {
    return this.held.judge(principal, kid, asked);
  }

  /** The same by the `jti` alone. */
  judgeId(tokenId: string): Judgement {
    return this.held.judgeId(tokenId);
  }

  get transport(): FeedSource['transport'] {
    return this.source?.transport;
  }

  /** Ids and marks that are held. */
  get size(): number {
    return this.held.size;
  }

  private look(): void {
    this.held.prune(this.clock.now().getTime());
    const { state, age = 0 } = this.freshness;
    if ((state === 'blind') === (this.logged === 'blind') && this.logged !== 'cold') return;
    if (state === 'blind')
      this.logger.error(`Nothing was heard of revocations for ${Math.round(age / 1000)} s; tokens are treated by the option onStale.`);
    else if (this.logged === 'blind') this.logger.log('Revocations are known again.');
    this.logged = state;
  }
}
