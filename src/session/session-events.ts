import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';

/** Ids only: nothing of it can be used. */
export interface SessionEvent {
  /** base64url of the SHA-256 of the session's id. */
  readonly session: string;
  /** Empty where sessions ended by the provider's `sid` alone. */
  readonly subject: string;
}

/** `ended`: the application ended them, by whose they are. */
export type EndReason = 'logout' | 'backchannel' | 'expired' | 'invalid_grant' | 'refresh_lost' | 'rejected' | 'replay' | 'ended';

export interface SessionEventMap {
  'session.created': [SessionEvent];
  'session.refreshed': [SessionEvent];
  /** It is used, and lives on. */
  'session.renewed': [SessionEvent];
  /** It has another id. */
  'session.regenerated': [SessionEvent & { readonly before: string }];
  /** A cookie that is not the newest, and leads to it. */
  'session.late': [SessionEvent];
  'session.replayed': [SessionEvent];
  /** `detail`: what the application said when it rejected the session. */
  'session.ended': [SessionEvent & { readonly reason: EndReason; readonly detail?: string }];
  /** A cookie that is no session's. */
  'session.rejected': [{ readonly reason: 'malformed' | 'unknown' | 'ended' | 'replaced' | 'replayed' }];
  /** Somebody waits for a refresh that another request of this process began. */
  'refresh.shared': [];
  /** The same, of another process. */
  'refresh.waits': [];
  /** `cause`: says what happened, without anything of the provider's answer. */
  'oidc.unavailable': [{ readonly cause: Error }];
  'oidc.misconfigured': [{ readonly cause: Error }];
  /** Sessions cannot be looked up. */
  'store.unavailable': [{ readonly cause: Error }];
}

/** What happens to sessions, for the app's own logs, metrics and alarms. */
@Injectable()
export class SessionEvents extends EventEmitter<SessionEventMap> {}
