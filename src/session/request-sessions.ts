import { Inject, Injectable } from '@nestjs/common';
import type { Carrier } from './http/carrier.js';
import { FreshTokens } from './refresh/fresh-tokens.js';
import { RequestSession, type SessionActions } from './request-session.js';
import { SessionChanges } from './session-changes.js';
import { SessionEndings } from './session-endings.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import { ChangesUnderWay } from './state/changes-under-way.js';
import type { OpenSession } from './state/open-session.js';

/** Makes the sessions of requests, and does what they can do. */
@Injectable()
export class RequestSessions {
  private readonly actions: SessionActions;

  constructor(
    fresh: FreshTokens,
    endings: SessionEndings,
    private readonly changes: SessionChanges,
    private readonly underWay: ChangesUnderWay,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {
    this.actions = {
      fresh: (session, carrier, { force = false, signal, ...wanted }) =>
        fresh.of(underWay.appliedTo(session), { wanted, force, signal, canKeep: this.canKeepTokens(carrier) }),
      value: (session, name) => changes.value(session, name),
      keepsInCookie: changes.needCookie,
      keep: (session, name, value) => changes.keep(session, name, value),
      replaceUser: (session, claims) => changes.replaceUser(session, claims),
      regenerate: (session) => changes.regenerate(underWay.appliedTo(session)),
      end: (session, detail) => endings.signOut(session, detail),
      wasReplaced: (session) => endings.wasReplaced(session),
      upToDate: (session) => underWay.appliedTo(session),
      now: () => fresh.now,
    };
  }

  of(session: OpenSession, carrier: Carrier): RequestSession {
    if (this.changes.needCookie) this.underWay.watch(session, carrier);
    return new RequestSession(session, this.options, carrier, this.actions);
  }

  /** Whether tokens of a refresh would not be lost: the next answer can bring them from the database. */
  canKeepTokens(carrier: Pick<Carrier, 'canSetCookies'>): boolean {
    return !this.changes.needCookie || carrier.canSetCookies();
  }
}
