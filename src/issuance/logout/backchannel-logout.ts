import { Inject, Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Clock } from '../../protocol/clock.js';
import { LogoutNoticeStore, type LogoutNotice } from '../../storage/logout-notice.store.js';
import { SparseLog } from '../../validation/sparse-log.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { LogoutDelivery } from './logout-delivery.js';

const PERIOD_MS = 1_000;
/** Deliveries under way at once on this instance, and of those to one client: a server that hangs must not keep the others waiting. */
const WIDTH = 16;
const WIDTH_OF_CLIENT = 4;
/** A client whose server does not answer is left alone for so long, however many notices wait for it. */
const REST_MS = 10_000;

/**
 * Tells apps that sessions have ended (OpenID Connect Back-Channel Logout 1.0). Whatever ended them has left notices in its own transaction; any instance
 * delivers them, at least once, until a day is over.
 */
@Injectable()
export class BackchannelLogout implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('BackchannelLogout');
  private readonly log: SparseLog;
  private readonly underWay = new Map<Promise<void>, string>();
  private readonly resting = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;

  constructor(
    private readonly store: LogoutNoticeStore,
    private readonly delivery: LogoutDelivery,
    private readonly clock: Clock,
    private readonly host: HttpAdapterHost,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {
    this.log = new SparseLog(this.logger, clock);
  }

  /** The command line, which is gone in a moment, leaves it to the service. */
  onApplicationBootstrap(): void {
    const serves = (this.host.httpAdapter as unknown) !== undefined;
    if (this.options.backchannelLogout && serves) this.timer = setInterval(() => this.kick(), PERIOD_MS).unref();
  }

  /** Waits for what is under way: as long as an app may take to answer. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.settled();
  }

  /** Resolves once nothing is under way here. */
  async settled(): Promise<void> {
    while (this.looking !== undefined || this.underWay.size > 0) {
      await this.looking;
      await Promise.all(this.underWay.keys());
    }
  }

  /** Looks for notices now: somebody has just signed out here. Returns at once. */
  kick(): void {
    if (!this.timer) return;
    this.lookAgain = true;
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
      if (this.lookAgain) this.kick(); // it was asked at the very end
    });
  }

  /** Never rejects: what was not delivered comes again. */
  private async look(): Promise<void> {
    try {
      while (this.lookAgain && this.timer) {
        this.lookAgain = false;
        const width = Math.min(WIDTH_OF_CLIENT, WIDTH - this.underWay.size);
        const notices = width > 0 ? await this.store.take(this.clock.now(), width, this.leftAlone()) : [];
        for (const notice of notices) this.start(notice);
        this.lookAgain ||= notices.length > 0;
      }
    } catch (error) {
      this.lookAgain = false; // the timer comes again
      this.log.report('warn', `Notices of log-outs cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`);
    }
  }

  private start(notice: LogoutNotice): void {
    const delivered = this.deliver(notice).finally(() => {
      this.underWay.delete(delivered);
      this.kick(); // there is room again
    });
    this.underWay.set(delivered, notice.client);
  }

  private async deliver(notice: LogoutNotice): Promise<void> {
    try {
      const delivery = await this.delivery.attempt(notice);
      if (delivery.done) return await this.store.done(notice.id);
      this.log.report('warn', `The client ${notice.client} could not be told of a log-out: ${delivery.reason}.`);
      if (delivery.ailing) this.resting.set(notice.client, this.clock.now().getTime() + REST_MS);
    } catch (error) {
      this.log.report('warn', `A log-out could not be told: ${error instanceof Error ? error.message : 'unknown error'}`);
    }
  }

  private leftAlone(): string[] {
    const now = this.clock.now().getTime();
    for (const [client, until] of this.resting) if (until <= now) this.resting.delete(client);
    return [...new Set([...this.resting.keys(), ...this.underWay.values()])];
  }
}
