import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import type { Parameters } from '../../protocol/form.js';
import { isUuid } from '../../protocol/uuid.js';
import { ConsentStore } from '../../storage/consent.store.js';
import { SessionStore } from '../../storage/session.store.js';
import type { BrowserSession } from '../browser/browser-sessions.js';

/** What was done; each is a text `notice.…`. */
export const ACCOUNT_CHANGES = ['session-ended', 'others-ended', 'access-removed'] as const;
export type AccountChange = (typeof ACCOUNT_CHANGES)[number];

/** What a person can end on their account page. Their own alone: the subject is always that of the session. */
@Injectable()
export class AccountChanges {
  constructor(
    private readonly sessions: SessionStore,
    private readonly consents: ConsentStore,
    private readonly clock: Clock,
  ) {}

  /** Does what the pressed button says. Undefined: there is no such thing of theirs. @throws StorageUnavailableError */
  async make({ subject, sid }: BrowserSession, form: Parameters): Promise<AccountChange | undefined> {
    const [end, withdraw] = [form.get('end'), form.get('withdraw')];
    const now = this.clock.now();
    if (end !== undefined) return isUuid(end) && (await this.sessions.end(subject, end, now)) ? 'session-ended' : undefined;
    if (withdraw !== undefined) return (await this.consents.withdraw(subject, withdraw, now)) ? 'access-removed' : undefined;
    if (form.get('end_others') === undefined) return undefined;
    await this.sessions.endOthers(subject, sid, now);
    return 'others-ended';
  }
}
