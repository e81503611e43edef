import { Inject, Injectable } from '@nestjs/common';
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../protocol/clock.js';
import { OidcClient } from '../provider/oidc-client.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';

/** Which sessions at the provider have ended. */
export interface EndedThere {
  readonly subject?: string;
  readonly sid?: string;
  readonly issuedAt: Date;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];
/** How far the provider's clock may be off. */
const SKEW = 60;
/** Seconds: the most that a provider takes to deliver one. OpenID Connect Back-Channel Logout 1.0 §2.4 recommends two minutes. */
const OLDEST = 3_600;

/** Reads logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6). */
@Injectable()
export class LogoutTokens {
  private keys: { readonly uri: string; readonly find: JWTVerifyGetKey } | undefined;
  private readonly seen = new Map<string, number>();

  constructor(
    private readonly provider: OidcClient,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** Undefined: no logout token for this app, whatever is wrong with it, or one that came before. @throws when the provider's keys cannot be read */
  async read(token: string): Promise<EndedThere | undefined> {
    const claims = await this.verified(token);
    if (!claims || !this.isNew(claims.jti)) return undefined;
    return {
      issuedAt: new Date((claims.iat ?? 0) * 1000),
      ...(claims.sub !== undefined && { subject: claims.sub }),
      ...(typeof claims['sid'] === 'string' && { sid: claims['sid'] }),
    };
  }

  private async verified(token: string): Promise<JWTPayload | undefined> {
    const keys = await this.providerKeys();
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: this.options.oidc.issuer,
        audience: this.options.oidc.clientId,
        algorithms: ALGORITHMS,
        clockTolerance: SKEW,
        maxTokenAge: OLDEST,
        currentDate: this.clock.now(),
        requiredClaims: ['iat', 'jti', 'events'],
      });
      const { events, sid } = payload;
      const isLogout = typeof events === 'object' && events !== null && Object.hasOwn(events, EVENT);
      // With a nonce it could be an id token that somebody got hold of.
      return isLogout && payload['nonce'] === undefined && (payload.sub !== undefined || typeof sid === 'string') ? payload : undefined;
    } catch {
      return undefined;
    }
  }

  /** §2.6: each `jti` once. */
  private isNew(jti = ''): boolean {
    const now = this.clock.now().getTime();
    for (const [known, until] of this.seen) {
      if (until > now) break;
      this.seen.delete(known);
    }
    if (this.seen.has(jti)) return false;
    this.seen.set(jti, now + (OLDEST + SKEW) * 1000);
    return true;
  }

  private async providerKeys(): Promise<JWTVerifyGetKey> {
    const { jwks_uri: uri } = (await this.provider.discovered()).serverMetadata();
    if (uri === undefined) throw new Error('The provider publishes no keys.');
    if (this.keys?.uri !== uri) {
      this.keys = { uri, find: createRemoteJWKSet(new URL(uri), { timeoutDuration: this.options.refresh.timeout * 1000 }) };
    }
    return this.keys.find;
  }
}
