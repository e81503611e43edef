import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { isUuid } from '../../protocol/uuid.js';
import { RevocationStore, type Ended } from '../../storage/revocation.store.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { BackchannelLogout } from '../logout/backchannel-logout.js';

const NOTHING: Ended = { grants: 0, browsers: 0 };

/**
 * Ends tokens by whom or what they belong to, however many there are. They are refused everywhere from then on, and what is issued afterwards is good.
 * Each call is one transaction; ending what has ended, or never was, changes nothing.
 */
@Injectable()
export class Endings {
  constructor(
    private readonly store: RevocationStore,
    private readonly backchannel: BackchannelLogout,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Everything of a person: sign-in sessions, and all grants, those of connected apps included. They may sign in again at once. @param subject the `sub` of the tokens */
  endUser(subject: string): Promise<Ended> {
    return this.end((now) => this.store.endSubject(subject, now));
  }

  /** Everything of a client: its own tokens, and all grants that people have given it. It may get others at once. */
  endClient(id: string): Promise<Ended> {
    return this.end((now) => this.store.endClient(id, now));
  }

  /** A sign-in session with its grants, offline_access or not. @param subject whose it must be; undefined: whoever's */
  endSession(sid: string, subject?: string): Promise<Ended> {
    return this.end((now) => (isUuid(sid) ? this.store.endSession(sid, subject, now) : NOTHING));
  }

  /** One grant. Its session goes on: other apps may be signed in under it. @param id `countersign token show` tells it */
  endAuthorization(id: string): Promise<Ended> {
    return this.end(async (now) => (isUuid(id) && (await this.store.endAuthorization(id, now)) ? { grants: 1, browsers: 0 } : NOTHING));
  }

  private async end(work: (now: Date) => Promise<Ended> | Ended): Promise<Ended> {
    if (!this.options.tokenStorage)
      throw new Error('Token storage is off: there is nothing that tells a token which has ended from others.');
    const ended = await work(this.clock.now());
    this.backchannel.kick();
    return ended;
  }
}
