import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';

/** Ids only: nothing of it can be used. */
export interface SessionEvent {
  /** base64url of the SHA-256 of the session's id. */
  readonly session: string;
  readonly subject: string;
}

export type EndReason = 'logout' | 'backchannel' | 'expired' | 'invalid_grant' | 'rejected' | 'replay';

export interface SessionEventMap {
  'session.created': [SessionEvent];
  'session.refreshed': [SessionEvent];
  'session.replayed': [SessionEvent];
  /** `detail`: what the application said when it rejected the session. */
  'session.ended': [SessionEvent & { readonly reason: EndReason; readonly detail?: string }];
  /** A cookie that is no session's. */
  'session.rejected': [{ readonly reason: 'malformed' | 'unknown' | 'ended' | 'replayed' }];
  'oidc.unavailable': [{ readonly cause: unknown }];
  'oidc.misconfigured': [{ readonly cause: unknown }];
}

/** What happens to sessions, for the app's own logs, metrics and alarms. */
@Injectable()
export class SessionEvents extends EventEmitter<SessionEventMap> {}
