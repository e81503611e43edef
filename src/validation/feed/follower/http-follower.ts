import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Clock } from '../../../protocol/clock.js';
import type { IssuerMetadata } from '../../issuer/issuer-metadata.js';
import { SparseLog } from '../../sparse-log.js';
import type { ResolvedValidationOptions } from '../../validation.options.js';
import { FeedSource, type FeedListener } from '../feed-source.js';
import { Connections } from './connections.js';
import { FeedEndpoint } from './feed-endpoint.js';
import { FeedToken } from './feed-token.js';
import { FollowFailure } from './follow-failure.js';
import { rowsOfReceived, type Received } from './received.js';
import { Recovery } from './recovery.js';
import { takeIn } from './snapshot.js';
import { TransportChoice } from './transport-choice.js';

/** Milliseconds that the service may wait before it answers that nothing has come. What is held is so much older at times, and at most half of `maxStale`. */
const POLL_WAIT = 1_000;
/** Milliseconds between two polls, as between two readings of the log. */
const POLL_PERIOD = 50;
/** Milliseconds. What is older is not fresh any more. */
const RECENT = 2_000;
/** Milliseconds of a stream after which nothing is wrong with it. */
const UNDISTURBED = 1_000;

/** Follows the service's revocation feed over HTTP: all of it once, then what comes, by a stream of events or by polling. */
export class HttpFollower extends FeedSource {
  private readonly connections = new Connections();
  private readonly token: FeedToken;
  private readonly endpoint: FeedEndpoint;
  private readonly choice: TransportChoice;
  private readonly recovery: Recovery;
  private readonly log: SparseLog;
  private stopping: AbortController | undefined;
  /** Where we stand. Undefined: all of it is to be read. */
  private cursor: string | undefined;
  private heardBy: 'stream' | 'poll' | undefined;

  constructor(
    private readonly options: ResolvedValidationOptions,
    clock: Clock,
    metadata: IssuerMetadata,
  ) {
    super();
    this.token = new FeedToken(options, metadata, this.connections);
    this.endpoint = new FeedEndpoint(options, metadata, this.token, this.connections);
    this.choice = new TransportChoice(options.feedTransport);
    this.log = new SparseLog(new Logger(HttpFollower.name), clock);
    this.recovery = new Recovery(this.log);
  }

  override get transport(): 'stream' | 'poll' | undefined {
    return this.heardBy;
  }

  override start(listener: FeedListener): void {
    this.stopping = new AbortController();
    void this.follow(listener, this.stopping.signal);
  }

  override stop(): void {
    this.stopping?.abort();
    this.connections.forget();
  }

  private async follow(listener: FeedListener, stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      const pause = await this.step(listener, stopped).catch((error: unknown) => (stopped.aborted ? 0 : this.recover(error)));
      if (pause > 0) await sleep(pause, undefined, { signal: stopped, ref: false }).catch(() => undefined);
    }
  }

  /** @returns milliseconds until the next one */
  private async step(listener: FeedListener, stopped: AbortSignal): Promise<number> {
    if (this.cursor === undefined) return this.readAll(listener, stopped);
    return this.choice.next === 'poll' ? this.poll(this.cursor, listener, stopped) : this.stream(this.cursor, listener, stopped);
  }

  private async readAll(listener: FeedListener, stopped: AbortSignal): Promise<number> {
    const received = await this.endpoint.snapshot(stopped);
    const reloading = listener.reload(received.asOf);
    await takeIn(rowsOfReceived(received), reloading, stopped);
    if (stopped.aborted) return 0;
    reloading.complete();
    this.cursor = received.cursor;
    this.recovery.heard(false);
    return 0;
  }

  private async stream(cursor: string, listener: FeedListener, stopped: AbortSignal): Promise<never> {
    const begun = performance.now();
    for await (const received of this.endpoint.stream(cursor, stopped)) {
      this.take(received, 'stream', listener, stopped);
      this.choice.streamBrought();
      this.recovery.heard(performance.now() - begun > UNDISTURBED);
      // Another instance of the service may know more.
      if (performance.now() - received.asOf > this.options.maxStale * 1000) throw new FollowFailure('what the stream brings is old');
    }
    throw new FollowFailure('the stream has ended', 'resume');
  }

  private async poll(cursor: string, listener: FeedListener, stopped: AbortSignal): Promise<number> {
    const begun = performance.now();
    const received = await this.endpoint.since(cursor, Math.min(POLL_WAIT, 500 * this.options.maxStale), stopped);
    this.take(received, 'poll', listener, stopped);
    this.recovery.heard(true);
    if (this.choice.pollBrought(performance.now() - received.asOf < RECENT)) {
      this.log.report(
        'warn',
        'The stream of revocations does not get through, polling does: for ten minutes it is polled. See that no proxy buffers text/event-stream.',
      );
    }
    return begun + POLL_PERIOD - performance.now();
  }

  private take(received: Received, by: 'stream' | 'poll', listener: FeedListener, stopped: AbortSignal): void {
    if (stopped.aborted) throw new FollowFailure('stopped');
    listener.add([...rowsOfReceived(received)], received.asOf);
    this.cursor = received.cursor ?? this.cursor;
    this.heardBy = by;
  }

  /** @returns milliseconds until the next attempt */
  private recover(error: unknown): number {
    const failure = error instanceof FollowFailure ? error : new FollowFailure(messageOf(error));
    const { consequence } = failure;
    this.connections.forget();
    if (this.cursor !== undefined) {
      if (this.choice.next === 'poll') this.choice.pollFailed();
      else this.choice.streamEnded(consequence !== 'again' && consequence !== 'resume');
    }
    if (consequence === 'reload') this.cursor = undefined;
    if (consequence === 'token') this.token.forget();
    return this.recovery.pauseAfter(failure);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message.replace(/\.$/, '') : 'unknown');
