import { Inject, Injectable, Logger } from '@nestjs/common';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../../protocol/clock.js';
import { sha256 } from '../../protocol/hashing.js';
import { OidcClient } from '../provider/oidc-client.js';
import { RefreshFailure } from '../provider/refresh-failure.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { SessionRecords } from '../state/session-records.js';

/** Which sessions at the provider have ended. */
export interface EndedThere {
  readonly subject?: string;
  readonly sid?: string;
  readonly issuedAt: Date;
  /** When it came here, by the app's own clock. */
  readonly toldAt: Date;
  /** The token's own name (RFC 7519 §4.1.7). */
  readonly jti: string;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];
/** How far the provider's clock may be off. */
const SKEW = 60;
/** Seconds: the most that a provider takes to deliver one. OpenID Connect Back-Channel Logout 1.0 §2.4 recommends two minutes. */
const OLDEST = 3_600;
/** Milliseconds between two lines of the same in the log: whoever likes may send something here. */
const QUIET = 10_000;

/** What is wrong with a token, rather than with the way to the keys. */
const FAULTS: readonly (new (...parameters: never[]) => Error)[] = [
  ...[errors.JWTExpired, errors.JWTClaimValidationFailed, errors.JWTInvalid, errors.JWSInvalid, errors.JWSSignatureVerificationFailed],
  ...[errors.JOSEAlgNotAllowed, errors.JOSENotSupported, errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys],
];

/** Reads logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6). */
@Injectable()
export class LogoutTokens {
  private readonly logger = new Logger('Sessions');
  private readonly quietUntil = new Map<string, number>();
  private keys: { readonly uri: string; readonly find: JWTVerifyGetKey } | undefined;
  /** Where there is no database. Until when, by jti. */
  private readonly seen = new Map<string, number>();

  constructor(
    private readonly provider: OidcClient,
    private readonly records: SessionRecords,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** Undefined: no logout token for this app, whatever is wrong with it. @throws RefreshFailure: the provider's keys cannot be read */
  async read(token: unknown): Promise<EndedThere | undefined> {
    const claims = typeof token === 'string' ? await this.verified(token) : this.refused('no logout_token in the form');
    return (
      claims && {
        issuedAt: new Date((claims.iat ?? 0) * 1000),
        toldAt: this.clock.now(),
        jti: claims.jti ?? '',
        ...(claims.sub !== undefined && { subject: claims.sub }),
        ...(typeof claims['sid'] === 'string' && { sid: claims['sid'] }),
      }
    );
  }

  /**
   * To be asked once the sessions have ended: an ending that fails is to be told again, one that is done twice is done once. False: the token came
   * before, in whichever process (§2.6: each `jti` once). @throws StorageUnavailableError
   */
  async firstSeen({ jti, issuedAt }: EndedThere): Promise<boolean> {
    const { store } = this.records;
    // From then on it is too old for everybody, by whose clock ever.
    const until = issuedAt.getTime() + (OLDEST + 2 * SKEW) * 1000;
    const isFirst = store
      ? await store.firstSeen(sha256(JSON.stringify(['logout token', this.options.oidc.issuer, jti])), new Date(until))
      : this.isFirstHere(jti, until);
    if (!isFirst) this.refused('jti came before');
    return isFirst;
  }

  private isFirstHere(jti: string, until: number): boolean {
    const now = this.clock.now().getTime();
    for (const [known, end] of this.seen) if (end <= now) this.seen.delete(known);
    if (this.seen.has(jti)) return false;
    this.seen.set(jti, until);
    return true;
  }

  private async verified(token: string): Promise<JWTPayload | undefined> {
    try {
      // As the provider spells it: what the app has may differ by a slash at the end.
      const { issuer, jwks_uri: uri } = (await this.provider.discovered()).serverMetadata();
      const { payload, protectedHeader } = await jwtVerify(token, this.keysAt(uri), {
        issuer,
        audience: this.options.oidc.clientId,
        algorithms: ALGORITHMS,
        clockTolerance: SKEW,
        maxTokenAge: OLDEST,
        currentDate: this.clock.now(),
        requiredClaims: ['iat', 'exp', 'jti', 'events'],
      });
      if (!isOfType(protectedHeader.typ)) return this.refused('typ is of another kind of token');
      return isLogout(payload) ? payload : this.refused('no logout of anybody');
    } catch (error) {
      if (FAULTS.some((fault) => error instanceof fault)) return this.refused(whatIsWrong(error as errors.JOSEError));
      throw new RefreshFailure('unavailable', error);
    }
  }

  private keysAt(uri: string | undefined): JWTVerifyGetKey {
    if (uri === undefined) throw new Error('The provider publishes no keys.');
    if (this.keys?.uri !== uri) {
      this.keys = { uri, find: createRemoteJWKSet(new URL(uri), { timeoutDuration: this.options.refresh.timeout * 1000 }) };
    }
    return this.keys.find;
  }

  /** The provider sees a 400, and few show it to anybody. */
  private refused(why: string): undefined {
    if (performance.now() < (this.quietUntil.get(why) ?? 0)) return;
    this.quietUntil.set(why, performance.now() + QUIET);
    this.logger.warn({ msg: 'A logout token was refused', why });
  }
}

/** Words of jose's own: its messages may hold text of the token. */
const whatIsWrong = (error: errors.JOSEError): string =>
  error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired ? `${error.claim} ${error.reason}` : error.code;

/** RFC 8725 §3.11: a token that says what it is, is that and nothing else. Many say `JWT`, or nothing. RFC 7515 §4.1.9 */
const isOfType = (typ: string | undefined): boolean => typ === undefined || /^(?:application\/)?(?:logout\+jwt|jwt)$/i.test(typ);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function isLogout({ sub, sid, jti, events, nonce }: JWTPayload): boolean {
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  const isTextOrMissing = (value: unknown): boolean => value === undefined || isText(value);
  const says = isObject(events) && Object.hasOwn(events, EVENT) && isObject(events[EVENT]);
  // With a nonce it could be an id token that somebody got hold of. A sid that is no text must not end all that the person has.
  return says && nonce === undefined && isText(jti) && isTextOrMissing(sub) && isTextOrMissing(sid) && (sub ?? sid) !== undefined;
}
