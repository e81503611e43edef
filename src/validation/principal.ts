import { parseScope } from '../protocol/scope.js';

/** Who calls, by an access token that was found good. Frozen with all it holds: one instance may serve many requests. */
export class Principal {
  /** `sub`: the person. Undefined for machine tokens, whose `sub` is the client itself (RFC 9068 §5). */
  readonly subject: string | undefined;
  /** `client_id`: the application that calls. */
  readonly client: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** `jti` */
  readonly tokenId: string;
  /** Sign-in session, where there is one. */
  readonly sid: string | undefined;
  /** Everything the token says, as RFC 9068 §2.2 names it. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** `exp`; a fresh Date each time. */
  declare readonly expiresAt: Date;

  private constructor(claims: RequiredClaims, scopes: readonly string[]) {
    this.subject = claims.sub === claims.client_id ? undefined : claims.sub;
    this.client = claims.client_id;
    this.scopes = Object.freeze(scopes);
    this.roles = Object.freeze(Array.isArray(claims.roles) ? claims.roles.filter((role) => typeof role === 'string') : []);
    this.tokenId = claims.jti;
    this.sid = typeof claims.sid === 'string' ? claims.sid : undefined;
    this.claims = deepFreeze(claims);
    // An accessor, since a Date cannot be frozen.
    Object.defineProperty(this, 'expiresAt', { enumerable: true, get: () => new Date(claims.exp * 1000) });
    Object.freeze(this);
  }

  /** `undefined` when a claim that RFC 9068 §2.2 requires is missing, or one is of the wrong form. Takes the object over and freezes it. */
  static fromClaims(claims: object): Principal | undefined {
    if (!hasRequired(claims)) return undefined;
    const scope = claims.scope ?? '';
    const scopes = scope === '' ? [] : typeof scope === 'string' ? parseScope(scope) : undefined;
    return scopes && new Principal(claims, scopes);
  }
}

interface RequiredClaims {
  readonly sub: string;
  readonly client_id: string;
  readonly jti: string;
  readonly exp: number;
  readonly [claim: string]: unknown;
}

function hasRequired(claims: object): claims is RequiredClaims {
  const { sub, client_id: client, jti, exp } = claims as Record<string, unknown>;
  return [sub, client, jti].every((value) => typeof value === 'string' && value !== '') && Number.isFinite(exp);
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  return Object.freeze(value);
}
