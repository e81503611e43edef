import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { ClientRecord } from '../../storage/client.store.js';
import type { LogoutNotice } from '../../storage/logout-notice.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ClientJwts } from '../tokens/client-jwts.js';
import { JwtType } from '../tokens/jwt-types.js';

/** Seconds: two minutes at most (OpenID Connect Back-Channel Logout 1.0 §2.4). */
const LIFETIME = 120;
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Logout tokens: what an app is told when a session has ended. */
@Injectable()
export class LogoutTokens {
  constructor(
    private readonly jwts: ClientJwts,
    private readonly policy: ClientPolicy,
  ) {}

  /**
   * A token for one attempt. Each has a `jti` of its own: an app that refuses those it has seen (§2.6) would go on refusing the same one when only its
   * answer was lost. There is no nonce, so that it is no id token (§2.4).
   */
  write(client: ClientRecord, { subject, sid }: LogoutNotice): Promise<string> {
    return this.jwts.sign(client, {
      type: JwtType.logoutToken,
      algorithm: this.policy.settings(client).idTokenAlgorithm,
      lifetime: LIFETIME,
      claims: { sub: subject, sid, jti: randomUUID(), events: { [EVENT]: {} } },
    });
  }
}
