import type { Type } from '@nestjs/common';
import type { IssuerKeys } from './issuer/issuer-keys.js';
import { isSecureUrl } from './issuer/secure-url.js';
import type { TokenCheck } from './token-check.js';

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
   * What is consulted on each request. `signature`: the issuer's keys only; a revoked token works until it expires. `entry`: the token's entry in
   * the database too (import `PostgresStorageModule.forRoot(…)`). `introspection`: the issuer's endpoint (RFC 7662). Or a class of the
   * application's own. Reference tokens need `entry` or `introspection`. Default: what the IssuanceModule of the same application says
   * (`tokenEntryValidation`), else `signature`.
   */
  readonly check?: CheckName | Type<TokenCheck>;
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
  /** Longest wait for an answer of the issuer. Above 0, at most 30. Default: 5. */
  readonly requestTimeout?: number;
  /** The API's own client at the issuer, for introspection (RFC 7662 §2.1). Required with `check: 'introspection'`. */
  readonly clientId?: string;
  /** Secret of that client. Required with `check: 'introspection'`. */
  readonly clientSecret?: string;
  /** How the client authenticates (RFC 6749 §2.3.1). Default: `client_secret_basic`. */
  readonly clientAuthentication?: 'client_secret_basic' | 'client_secret_post';
  /** Where to introspect. https, or http on a loopback address. Default: `introspection_endpoint` of the discovery document. */
  readonly introspectionEndpoint?: string;
  /** How long a positive answer is believed, never beyond the token's `exp` (RFC 7662 §4). Negative ones never are. 0 (off) to 60. Default: 5. */
  readonly introspectionCache?: number;
  /** Introspection requests under way at once; further ones wait their turn. 1 to 1 000. Default: 50. */
  readonly introspectionConcurrency?: number;
}

export type CheckName = 'signature' | 'entry' | 'introspection';

/** What jsonwebtoken, which passport-jwt verifies with, knows of RFC 7518 §3.1 and is asymmetric. */
export const SIGNATURE_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

const DEFAULTS = {
  check: 'signature',
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
} as const satisfies { [Name in Exclude<keyof ValidationOptions, 'issuer' | 'audience'>]-?: ValidationOptions[Name] | undefined };

/** DI token of the options after defaults and checks. */
export const VALIDATION_OPTIONS = Symbol('VALIDATION_OPTIONS');

/** The options with defaults filled in; `audience` is always a list. */
export interface ResolvedValidationOptions extends Omit<ValidationOptions, keyof typeof DEFAULTS | 'audience'> {
  readonly audience: readonly string[];
  readonly check: CheckName | Type<TokenCheck>;
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
}

/** What the application has that matters to guards. */
export interface Surroundings {
  readonly tokenEntryStore: boolean;
  readonly check?: CheckName;
}

/**
 * Fills in the defaults.
 * @param surroundings whether the application provides a TokenEntryStore, and which check it has for those who name none
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
  const faults = [...faultsOfIssuer(options), ...faultsOfCheck(options, surroundings), ...faultsOfNumbers(options), ...unknownNames(set)];
  if (faults.length > 0) throw new Error(`ValidationModule cannot start:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
  return options;
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
  const { check, keys, clientAuthentication, introspectionEndpoint } = options;
  if (typeof check !== 'function' && !['signature', 'entry', 'introspection'].includes(check)) {
    yield "check: use 'signature', 'entry', 'introspection' or a class that extends TokenCheck.";
  }
  if (check === 'entry' && !surroundings.tokenEntryStore) {
    yield "check: 'entry' needs a TokenEntryStore; import PostgresStorageModule.forRoot(…) from countersign/storage/postgres, or use another check.";
  }
  for (const name of ['clientId', 'clientSecret'] as const) {
    const value = options[name];
    if (check === 'introspection' && value === undefined) {
      yield `${name}: check 'introspection' needs the API's own client at the issuer; set it, or use another check.`;
    } else if (value !== undefined && (typeof value !== 'string' || value === '')) {
      yield `${name}: set it to a text that is not empty.`;
    }
  }
  if (!['client_secret_basic', 'client_secret_post'].includes(clientAuthentication)) {
    yield "clientAuthentication: use 'client_secret_basic' or 'client_secret_post'.";
  }
  if (introspectionEndpoint !== undefined && !isSecureUrl(introspectionEndpoint)) {
    yield 'introspectionEndpoint: use an https URL; plain http is accepted on loopback addresses only.';
  }
  if (keys !== undefined && typeof keys !== 'function') yield 'keys: use a class that extends IssuerKeys.';
}

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
  ] as const;
  for (const [name, lowest, highest] of bounds) {
    const value = options[name];
    if (typeof value !== 'number' || !(value >= lowest && value <= highest)) yield `${name}: use a number from ${lowest} to ${highest}.`;
  }
  for (const name of ['cacheSize', 'introspectionConcurrency'] as const) {
    if (typeof options[name] === 'number' && !Number.isInteger(options[name])) yield `${name}: use a whole number.`;
  }
}

function* unknownNames(set: ValidationOptions): Generator<string> {
  for (const name of Object.keys(set)) {
    if (name !== 'issuer' && name !== 'audience' && !Object.hasOwn(DEFAULTS, name)) yield `${name}: no such option; correct or remove it.`;
  }
}
