import { randomBytes } from 'node:crypto';

/** A person signed in for an app. */
export interface SignIn {
  readonly client: string;
  readonly sub: string;
  readonly sid: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly scope: string;
  readonly resources: readonly string[];
  readonly nonce: string | undefined;
  readonly redirectUri: string;
  readonly codeChallenge: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The refresh tokens that come of it. */
  readonly family: string;
}

/** The refresh tokens that came of one code. */
export interface Family {
  readonly id: string;
  readonly signIn: SignIn;
  /** Of the one that is good: 0 is the first. */
  generation: number;
  /** A spent one was presented again, it was revoked, or the code was redeemed twice. */
  ended: boolean;
}

/** What an access token is good for. */
export interface AccessTokenRecord {
  readonly client: string;
  /** Undefined: the app itself, by client_credentials. */
  readonly sub: string | undefined;
  readonly scope: string;
  readonly audience: string | readonly string[];
  readonly family: string | undefined;
  /** How many refreshes there were before it. */
  readonly generation: number | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly claims: Readonly<Record<string, unknown>>;
}

export interface RefreshTokenRecord {
  readonly family: Family;
  readonly generation: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Milliseconds. RFC 6749 §4.1.2 wants ten minutes at most. */
const CODE_LIFETIME = 60_000;

/** What has been granted. Everything that spends something is synchronous: of two requests one is first. */
export class Grants {
  readonly signIns: SignIn[] = [];
  readonly accessTokens = new Map<string, AccessTokenRecord>();
  private readonly codes = new Map<string, { readonly family: Family; spent: boolean }>();
  private readonly families = new Map<string, Family>();
  private readonly refreshTokens = new Map<string, RefreshTokenRecord>();

  /** @returns the code */
  begin(details: Omit<SignIn, 'sid' | 'family'>): string {
    const number = this.signIns.length + 1;
    const signIn: SignIn = { ...details, sid: `session-${number}`, family: `family-${number}` };
    const family: Family = { id: signIn.family, signIn, generation: 0, ended: false };
    this.signIns.push(signIn);
    this.families.set(family.id, family);
    const code = secret('code');
    this.codes.set(code, { family, spent: false });
    return code;
  }

  signInOf(code: string, now: number): SignIn | undefined {
    const signIn = this.codes.get(code)?.family.signIn;
    return signIn !== undefined && now < signIn.time + CODE_LIFETIME ? signIn : undefined;
  }

  /** Spends a code. The second time ends what the first one gave (RFC 6749 §4.1.2). */
  redeem(code: string): Family | undefined {
    const found = this.codes.get(code);
    if (found === undefined) return undefined;
    if (found.spent) this.end(found.family);
    found.spent = true;
    return found.family.ended ? undefined : found.family;
  }

  family(id: string): Family | undefined {
    return this.families.get(id);
  }

  refreshToken(token: string): RefreshTokenRecord | undefined {
    return this.refreshTokens.get(token);
  }

  /** Spends a refresh token, if it is the newest; an older one ends the family. RFC 9700 §4.14.2 */
  rotate({ family, generation }: RefreshTokenRecord): boolean {
    if (generation !== family.generation) this.end(family);
    if (family.ended) return false;
    family.generation++;
    return true;
  }

  issueRefreshToken(family: Family, expiresAt: number): string {
    const token = secret(`refresh-${family.id}-${family.generation}`);
    this.refreshTokens.set(token, { family, generation: family.generation, expiresAt });
    return token;
  }

  /** Ends a family with its access tokens. */
  end(family: Family): void {
    family.ended = true;
    for (const [token, record] of this.accessTokens) if (record.family === family.id) this.accessTokens.delete(token);
  }
}

export const secret = (prefix: string): string => `${prefix}-${randomBytes(24).toString('base64url')}`;
