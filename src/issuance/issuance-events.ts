import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';

/** What a grant's event says: ids only, never a token. */
export interface ChainEvent {
  readonly authorizationId: string;
  readonly client: string;
  readonly subject: string;
}

export interface IssuanceEventMap {
  /** A spent refresh token came again within the leeway and was answered with the same successor. */
  'refresh.retry': [ChainEvent];
  /** A spent refresh token came again after the leeway: its family was revoked. RFC 9700 §4.14.2 */
  'refresh.reuse': [ChainEvent];
  /** A spent code came again from its own client: what it had issued was revoked. RFC 6749 §4.1.2 */
  'code.replay': [ChainEvent];
}

/** Events of issuance, for the application's own logs, metrics and alarms. */
@Injectable()
export class IssuanceEvents extends EventEmitter<IssuanceEventMap> {}
