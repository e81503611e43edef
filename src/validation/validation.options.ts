import type { ExecutionContext, Type } from '@nestjs/common';
import type { IssuerKeys } from './issuer/issuer-keys.js';
import { isSecureUrl } from '../protocol/secure-url.js';
import { CHECK_CHOICES, isCheckChoice, type CheckChoice, type CheckName } from './check-choice.js';
import type { MarkedPlace } from './checks/marked-places.js';

/** What `ValidationModule.forRoot` takes. Times in seconds. */
export interface ValidationOptions {
  /**
   * Who issues the tokens: the `iss` of each one, character by character, and where discovery starts (RFC 8414 §2, RFC 9068 §4). https, or http on
   * a loopback address. Required.
   */
  readonly issuer: string;
  /** What this API is called in `aud`; of several, any one suffices (RFC 9068 §4). Required. */
  readonly audience: string | readonly string[];
  /**
   * What is consulted on each request, unless `@Check()` on its route says otherwise. `signature`: the issuer's keys only; a revoked token works until it expires. `entry`: the token's entry in
   * the database too (import `PostgresStorageModule.forRoot(…)`). `introspection`: the issuer's endpoint (RFC 7662). `feed`: what was revoked
   * anywhere, held in memory and followed in the database's log (import the same module) or, without the database, at the service over HTTP with the
   * API's own client; refused within a fraction of a second, without a query or a call for a request. Or a class of the application's own. Reference tokens need one of the three. Default: what the IssuanceModule of the same
   * application says (`tokenEntryValidation`), else `signature`.
   */
  readonly check?: CheckChoice;
  /**
   * Where a message brings its token, for gateways, microservices and GraphQL (never for HTTP requests): the token itself, without `Bearer`. `undefined`:
   * in the usual place. For a socket it must not change from message to message. Default: always in the usual place.
   */
  readonly tokenOf?: (context: ExecutionContext) => string | undefined;
  /** Signature algorithms accepted; asymmetric ones only (RFC 8725 §3.1). Default: ES256 and RS256. */
  readonly algorithms?: readonly SignatureAlgorithm[];
  /** How far the issuer's clock may be off when `exp` and `nbf` are judged (RFC 7519 §4.1.4). 0 to 60. Default: 0. */
  readonly clockTolerance?: number;
  /** Named in the challenges as `realm` (RFC 6750 §3). Default: none. */
  readonly realm?: string;
  /** Verified tokens (and introspection answers) remembered at most; the least recently used goes first. 0: none. Default: 10 000. */
  readonly cacheSize?: number;
  /** Age at which discovery and JWKS are read again. 1 to 3 600. Default: 600. */
  readonly jwksMaxAge?: number;
  /** Age up to which the last good copy of them serves while they cannot be read. `jwksMaxAge` to 86 400. Default: 86 400. */
  readonly jwksLastGood?: number;
  /** Shortest time between two readings that tokens with unknown keys bring about. 1 to 600. Default: 10. */
  readonly jwksCooldown?: number;
  /** Where the keys come from when not by discovery: a class that the issuer itself provides. Default: discovery and JWKS over HTTP. */
  readonly keys?: Type<IssuerKeys>;
  /** Longest wait for an answer of the issuer, and for an exact check with `check: 'feed'`. Above 0, at most 30. Default: 5. */
  readonly requestTimeout?: number;
  /** The API's own client at the issuer, for introspection (RFC 7662 §2.1) and the feed (scope `revocations:read`). Required with `check: 'introspection'`, and with `feed` without the database. */
  readonly clientId?: string;
  /** Secret of that client. Required with `check: 'introspection'`, and with `feed` without the database. */
  readonly clientSecret?: string;
  /** How the client authenticates (RFC 6749 §2.3.1). Default: `client_secret_basic`. */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post';
  /** Where to introspect. https, or http on a loopback address. Default: `introspection_endpoint` of the discovery document. */
  readonly introspectionEndpoint?: string;
  /** How long a positive answer is believed, never beyond the token's `exp` (RFC 7662 §4). Negative ones never are. 0 (off) to 60. Default: 5. */
  readonly introspectionCache?: number;
  /** Introspection requests under way at once; further ones wait their turn. 1 to 1 000. Default: 50. */
  readonly introspectionConcurrency?: number;
  /** Where the feed is, with `check: 'feed'` without the database. https, or http on a loopback address. Default: `revocation_feed_endpoint` of the discovery document. */
  readonly revocationFeedEndpoint?: string;
  /**
   * How it is followed there. `stream`: by server-sent events. `poll`: by asking again and again, each answer at most a second away. `auto`: the first, and
   * for ten minutes the second where a proxy holds streams back. Default: `auto`.
   */
  readonly feedTransport?: FeedTransport;
  /** With `check: 'feed'`: age of what is held up to which it decides alone. No revoked token passes later. 1 to 60. Default: 5. */
  readonly maxStale?: number;
  /**
   * With `check: 'feed'`: what happens when what is held is older than that, or nothing is held yet. `check`: each token is looked up exactly, in the
   * database or by introspection, and a good one is believed for `maxStale`; if that fails, 503 (RFC 9110 §15.6.4). `deny`: 503 at once. `allow`: signed
   * tokens, and reference tokens that were seen before, pass unless they are known to be revoked, for `maxBlind` at most; then as `check`. Default: `check`.
   */
  readonly onStale?: OnStale;
  /** How long `onStale: 'allow'` does. 1 to 3 600. Default: 60. */
  readonly maxBlind?: number;
  /**
   * Tokens that are looked up exactly at the same time, with `check: 'feed'` and for what is open by other checks; further ones wait their turn. 1 to
   * 1 000. Default: 10.
   */
  readonly exactConcurrency?: number;
}

export type OnStale = 'check' | 'deny' | 'allow';
export type FeedTransport = 'auto' | 'stream' | 'poll';

/** What jsonwebtoken, which passport-jwt verifies with, knows of RFC 7518 §3.1 and is asymmetric. */
export const SIGNATURE_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

const DEFAULTS = {
  check: 'signature',
  tokenOf: undefined,
  algorithms: ['ES256', 'RS256'],
  clockTolerance: 0,
  realm: undefined,
  cacheSize: 10_000,
  jwksMaxAge: 600,
  jwksLastGood: 86_400,
  jwksCooldown: 10,
  keys: undefined,
  requestTimeout: 5,
  clientId: undefined,
  clientSecret: undefined,
  clientAuthentication: 'client_secret_basic',
  introspectionEndpoint: undefined,
  introspectionCache: 5,
  introspectionConcurrency: 50,
  revocationFeedEndpoint: undefined,
  feedTransport: 'auto',
  maxStale: 5,
  onStale: 'check',
  maxBlind: 60,
  exactConcurrency: 10,
} as const satisfies { [Name in Exclude<keyof ValidationOptions, 'issuer' | 'audience'>]-?: ValidationOptions[Name] | undefined };

/** DI token of the options after defaults and checks. */
export const VALIDATION_OPTIONS = Symbol('VALIDATION_OPTIONS');

/** The options with defaults filled in; `audience` is always a list. */
export interface ResolvedValidationOptions extends Omit<ValidationOptions, keyof typeof DEFAULTS | 'audience'> {
  readonly audience: readonly string[];
  readonly check: CheckChoice;
  /** That one, and those that `@Check()` names somewhere in the application. */
  readonly checks: ReadonlySet<CheckChoice>;
  readonly tokenOf: ((context: ExecutionContext) => string | undefined) | undefined;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly clockTolerance: number;
  readonly realm: string | undefined;
  readonly cacheSize: number;
  readonly jwksMaxAge: number;
  readonly jwksLastGood: number;
  readonly jwksCooldown: number;
  readonly keys: Type<IssuerKeys> | undefined;
  readonly requestTimeout: number;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post';
  readonly introspectionEndpoint: string | undefined;
  readonly introspectionCache: number;
  readonly introspectionConcurrency: number;
  readonly revocationFeedEndpoint: string | undefined;
  readonly feedTransport: FeedTransport;
  readonly maxStale: number;
  readonly onStale: OnStale;
  readonly maxBlind: number;
  readonly exactConcurrency: number;
}

/** What the application has that matters to guards. */
export interface Surroundings {
  readonly tokenEntryStore: boolean;
  readonly revocationLogStore: boolean;
  readonly check?: CheckName;
  /** Where `@Check()` stands. */
  readonly marks?: readonly MarkedPlace[];
  /** Classes with `@EndsWithToken()` that are no gateways. */
  readonly misplaced?: readonly Type[];
}

/**
 * Fills in the defaults.
 * @param surroundings what the application provides of the storage ports, and which checks it names
 * @throws Error that names every fault at once, each with what to change
 */
export function resolveOptions(given: ValidationOptions, surroundings: Surroundings): ResolvedValidationOptions {
  const set = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as unknown as ValidationOptions;
  const options = {
    ...DEFAULTS,
    ...(surroundings.check && { check: surroundings.check }),
    ...set,
    audience: typeof set.audience === 'string' ? [set.audience] : set.audience,
  };
  const { marks = [], misplaced = [] } = surroundings;
  const resolved = { ...options, checks: new Set([options.check, ...marks.map(({ check }) => check)]) };
  const faults = [
    ...faultsOfIssuer(resolved),
    ...faultsOfCheck(resolved, surroundings),
    ...faultsOfNumbers(resolved),
    ...unknownNames(set),
    ...marks.flatMap((place) => [...faultsOfMark(place, resolved, surroundings)]),
    ...misplaced.map(({ name }) => `${name}: @EndsWithToken() on a class is for gateways; put it on the handlers.`),
  ];
  if (faults.length > 0) throw new Error(`ValidationModule cannot start:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
  return resolved;
}

function* faultsOfIssuer({ issuer, audience, algorithms, realm }: ResolvedValidationOptions): Generator<string> {
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) {
    yield 'issuer: name the URL of the issuer, such as https://id.example.com.';
  } else {
    const { username, password } = new URL(issuer);
    // RFC 8414 §2: no query, no fragment.
    if (/[?#]/.test(issuer) || username || password) yield 'issuer: take query, fragment and user information out of the URL.';
    if (!isSecureUrl(issuer)) yield 'issuer: use https; plain http is accepted on loopback addresses only.';
  }
  if (!Array.isArray(audience) || audience.length === 0 || audience.some((name) => typeof name !== 'string' || name === '')) {
    yield 'audience: name what this API is called in the `aud` of its tokens.';
  }
  const known = Array.isArray(algorithms) && algorithms.every((name) => SIGNATURE_ALGORITHMS.includes(name));
  if (!known || algorithms.length === 0) yield `algorithms: name at least one, of ${SIGNATURE_ALGORITHMS.join(', ')} only.`;
  if (realm !== undefined && !/^[\x20\x21\x23-\x5B\x5D-\x7E]+$/.test(String(realm))) {
    yield 'realm: use printable ASCII without quotation marks and backslashes.';
  }
}

function* faultsOfCheck(options: ResolvedValidationOptions, surroundings: Surroundings): Generator<string> {
  const { check, tokenOf, keys, clientAuthentication, onStale, feedTransport } = options;
  if (!isCheckChoice(check)) yield `check: use ${CHECK_CHOICES}.`;
  if (check === 'entry' && !surroundings.tokenEntryStore) {
    yield `check: 'entry' needs a TokenEntryStore; ${IMPORT_STORAGE}, or use another check.`;
  }
  for (const name of ['clientId', 'clientSecret'] as const) {
    const value = options[name];
    if (asksIssuer(check, surroundings) && value === undefined) {
      const instead = check === 'feed' ? IMPORT_STORAGE : 'use another check';
      yield `${name}: check '${String(check)}' needs the API's own client at the issuer; set it, or ${instead}.`;
    } else if (value !== undefined && (typeof value !== 'string' || value === '')) {
      yield `${name}: set it to a text that is not empty.`;
    }
  }
  if (!['client_secret_basic', 'client_secret_post'].includes(clientAuthentication)) {
    yield "clientAuthentication: use 'client_secret_basic' or 'client_secret_post'.";
  }
  for (const name of ['introspectionEndpoint', 'revocationFeedEndpoint'] as const) {
    const url = options[name];
    if (url !== undefined && !isSecureUrl(url)) yield `${name}: use an https URL; plain http is accepted on loopback addresses only.`;
  }
  if (!['auto', 'stream', 'poll'].includes(feedTransport)) yield "feedTransport: use 'auto', 'stream' or 'poll'.";
  if (!['check', 'deny', 'allow'].includes(onStale)) yield "onStale: use 'check', 'deny' or 'allow'.";
  if (tokenOf !== undefined && typeof tokenOf !== 'function') yield 'tokenOf: use a function.';
  if (keys !== undefined && typeof keys !== 'function') yield 'keys: use a class that extends IssuerKeys.';
}

function* faultsOfMark({ name, check }: MarkedPlace, options: ResolvedValidationOptions, surroundings: Surroundings): Generator<string> {
  const { clientId, clientSecret } = options;
  if (!isCheckChoice(check)) {
    yield `${name}: give @Check() ${CHECK_CHOICES}.`;
  } else if (check === 'entry' && !surroundings.tokenEntryStore) {
    yield `${name}: @Check('entry') needs a TokenEntryStore; ${IMPORT_STORAGE}, or use another check.`;
  } else if (asksIssuer(check, surroundings) && (clientId === undefined || clientSecret === undefined)) {
    const instead = check === 'feed' ? IMPORT_STORAGE : 'use another check';
    yield `${name}: @Check('${String(check)}') needs the API's own client at the issuer; set clientId and clientSecret, or ${instead}.`;
  }
}

const IMPORT_STORAGE = 'import PostgresStorageModule.forRoot(…) from countersign/storage/postgres';

const asksIssuer = (check: CheckChoice, { tokenEntryStore, revocationLogStore }: Surroundings): boolean =>
  check === 'introspection' || (check === 'feed' && !(tokenEntryStore && revocationLogStore));

function* faultsOfNumbers(options: ResolvedValidationOptions): Generator<string> {
  const lowestLastGood = typeof options.jwksMaxAge === 'number' ? options.jwksMaxAge : 1;
  const bounds = [
    ['clockTolerance', 0, 60],
    ['cacheSize', 0, 1_000_000],
    ['jwksMaxAge', 1, 3_600],
    ['jwksLastGood', lowestLastGood, 86_400],
    ['jwksCooldown', 1, 600],
    ['requestTimeout', 0.001, 30],
    ['introspectionCache', 0, 60],
    ['introspectionConcurrency', 1, 1_000],
    ['maxStale', 1, 60],
    ['maxBlind', 1, 3_600],
    ['exactConcurrency', 1, 1_000],
  ] as const;
  for (const [name, lowest, highest] of bounds) {
    const value = options[name];
    if (typeof value !== 'number' || !(value >= lowest && value <= highest)) yield `${name}: use a number from ${lowest} to ${highest}.`;
  }
  for (const name of ['cacheSize', 'introspectionConcurrency', 'exactConcurrency'] as const) {
    if (typeof options[name] === 'number' && !Number.isInteger(options[name])) yield `${name}: use a whole number.`;
  }
}

function* unknownNames(set: ValidationOptions): Generator<string> {
  for (const name of Object.keys(set)) {
    if (name !== 'issuer' && name !== 'audience' && !Object.hasOwn(DEFAULTS, name)) yield `${name}: no such option; correct or remove it.`;
  }
}
