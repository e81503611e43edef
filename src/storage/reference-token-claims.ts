import { constantTimeEqual, tokenHash } from '../protocol/hashing.js';
import { formatTokenId } from '../protocol/entry-key.js';
import { Recent } from '../protocol/recent.js';
import { openPayload } from '../protocol/sealed-payload.js';
import { formatScope } from '../protocol/scope.js';
import type { ReferenceToken } from '../protocol/token-string.js';
import type { GrantRecord } from './authorization.store.js';
import { grantedClaims } from './granted-claims.js';
import type { TokenEntryRecord } from './token-entry.store.js';

/** What the sealed payload of a reference access token holds. What the grant's row knows is left out: it is read from there. */
export interface AccessTokenPayload {
  /** Undefined: all of the grant's. */
  readonly scopes?: readonly string[];
  readonly resources?: readonly string[];
  /** Generation of the link it came with; undefined for machine tokens. */
  readonly link?: number;
}

/** Claims of an access token, in either format, as RFC 9068 §2.2 names them. Times in seconds since the epoch. */
export interface AccessTokenClaims {
  readonly iss: string;
  readonly jti: string;
  readonly sub: string;
  readonly client_id: string;
  readonly scope?: string | undefined;
  readonly aud: string | readonly string[];
  readonly iat: number;
  readonly exp: number;
  readonly sid?: string | undefined;
  /** Generation of the link it came with. */
  readonly lnk?: number | undefined;
  readonly [claim: string]: unknown;
}

/** Payloads that were opened lately, by the hash of their token: to open one takes longer than to judge its entry. */
export type OpenedPayloads = Recent<AccessTokenPayload>;

/** Makes room for what an API sees of its clients again and again; some megabytes at most. */
export const openedPayloads = (): OpenedPayloads => new Recent(10_000);

/**
 * The claims of a reference access token from its entry. Undefined unless the token proves possession and its payload opens.
 * Says nothing of the entry's status.
 */
export function referenceTokenClaims(
  token: ReferenceToken,
  record: TokenEntryRecord,
  issuer: string,
  opened?: OpenedPayloads,
): AccessTokenClaims | undefined {
  if (!record.hash || !record.grant || !constantTimeEqual(record.hash, tokenHash(token))) return undefined;
  const payload = payloadOf(token, record, record.hash, opened);
  if (!payload) return undefined;
  const { grant } = record;
  const scopes = payload.scopes ?? grant.scopes;
  return claimsBeside(grantedClaims(grant, scopes), {
    iss: issuer,
    jti: formatTokenId(record.key),
    sub: grant.subject,
    client_id: grant.client,
    scope: scopes.length > 0 ? formatScope(scopes) : undefined,
    aud: audience(payload.resources ?? grant.resources),
    iat: seconds(record.createdAt),
    exp: seconds(record.expiresAt),
    nbf: undefined,
    sid: grant.sid,
    lnk: payload.link,
  });
}

/**
 * The protocol's claims, and a grant's own beside them, which must not stand in for any of the protocol's: not for one that is undefined either. By
 * `assign`, because V8 takes ten times as long for a literal that begins with a spread and goes on.
 */
export const claimsBeside = <Protocol extends object>(own: GrantRecord['claims'], protocol: Protocol): Protocol =>
  Object.assign({}, own, protocol);

/** Possession was proved; what is sealed for a token never changes. */
function payloadOf(
  token: ReferenceToken,
  { payload: sealed }: TokenEntryRecord,
  hash: Buffer,
  opened?: OpenedPayloads,
): AccessTokenPayload | undefined {
  if (!sealed) return undefined;
  const key = hash.toString('base64');
  const known = opened?.get(key);
  if (known) return known;
  const payload = openPayload(token, sealed) as AccessTokenPayload | undefined;
  if (payload) opened?.set(key, payload);
  return payload;
}

/** RFC 7519 §4.1.3: a single audience may be a plain string. */
export const audience = (resources: readonly string[]): string | readonly string[] =>
  resources.length === 1 && resources[0] !== undefined ? resources[0] : resources;

export const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);
