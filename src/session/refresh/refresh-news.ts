import { Injectable } from '@nestjs/common';
import { HookRunner } from '../hook-runner.js';
import type { RefreshFailure } from '../provider/refresh-failure.js';
import { SessionEvents } from '../session-events.js';
import { eventOf } from '../state/open-session.js';
import type { RefreshedSession } from './token-refresh.js';

/** Tells the application how refreshes came out. */
@Injectable()
export class RefreshNews {
  constructor(
    private readonly hooks: HookRunner,
    private readonly events: SessionEvents,
  ) {}

  /** Once for each answer of the provider. */
  async succeeded({ session, received }: RefreshedSession): Promise<void> {
    if (!received) return;
    this.events.emit('session.refreshed', eventOf(session));
    await this.hooks.refreshed(session, received.claims);
  }

  failed({ kind, cause }: RefreshFailure): void {
    this.events.emit(kind === 'misconfigured' ? 'oidc.misconfigured' : 'oidc.unavailable', { cause });
  }

  /** Somebody else needs what is under way. */
  shared(): void {
    this.events.emit('refresh.shared');
  }
}
