import { FoundationVariables } from './foundation-variables.js';
import { oneOf, onOff, scopes, seconds, text, wholeNumber } from './variable-kinds.js';
import { Variable } from './variable.decorator.js';

/** What tokens are like, how long they live and how many are given out. */
export class TokenVariables extends FoundationVariables {
  @Variable({
    kind: onOff,
    default: 'on',
    meaning:
      'Keep an entry for every token. Off (discouraged): nothing can be revoked or introspected, and only client_credentials and /auth register, login, refresh and me remain.',
  })
  TOKEN_STORAGE!: boolean;

  @Variable({ kind: onOff, default: 'off', meaning: 'Access tokens are references instead of JWTs (RFC 9068). A client can override it.' })
  REFERENCE_ACCESS_TOKENS!: boolean;

  @Variable({
    kind: onOff,
    defaultMeaning: 'on; off without TOKEN_STORAGE',
    meaning: 'Refresh tokens are references. Off: self-contained (JWE), with an entry all the same. A client can override it.',
  })
  REFERENCE_REFRESH_TOKENS?: boolean;

  @Variable({
    kind: onOff,
    default: 'off',
    meaning:
      "Guards in the same application that name no check look up the token's entry on each request, so that a revoked token is refused at once. Off: signatures only. The service's own routes always look; an API elsewhere chooses by its own option `check`.",
  })
  TOKEN_ENTRY_VALIDATION!: boolean;

  @Variable({ kind: seconds, default: '900', meaning: 'Lifetime of access tokens, 1 to 86400. A client can override it.' })
  ACCESS_TOKEN_LIFETIME!: number;

  @Variable({
    kind: seconds,
    default: '1209600',
    meaning: 'Lifetime of refresh tokens from each refresh on, 1 to 5184000. A client can override it.',
  })
  REFRESH_TOKEN_LIFETIME!: number;

  @Variable({
    kind: seconds,
    default: '15552000',
    meaning: 'Lifetime of a sign-in, whatever is refreshed, 1 to 315360000. A client can override it.',
  })
  CHAIN_LIFETIME!: number;

  @Variable({
    kind: seconds,
    default: '30',
    meaning:
      'How long a spent refresh token answers with the same successor while that is unused, 0 (strict single use) to 300. A client can override it. RFC 9700 §4.14.2',
  })
  LEEWAY!: number;

  @Variable({
    kind: oneOf('always', 'public', 'never'),
    default: 'public',
    meaning: 'Whose refresh tokens are replaced by each refresh. A client can override it. RFC 9700 §4.14',
  })
  ROTATION!: 'always' | 'public' | 'never';

  @Variable({
    kind: oneOf('ES256', 'RS256'),
    default: 'ES256',
    meaning: 'Signature of JWT access tokens. A client can override it. RFC 9068 §2.1',
  })
  ACCESS_TOKEN_ALGORITHM!: 'ES256' | 'RS256';

  @Variable({
    kind: text(),
    defaultMeaning: 'ISSUER',
    meaning: 'Audience of tokens for which neither request, scope nor client names one. RFC 9068 §3',
  })
  DEFAULT_AUDIENCE?: string;

  @Variable({
    kind: scopes,
    defaultMeaning: 'offline_access; with the demo data also todos:read todos:write',
    meaning:
      'Scopes of the sign-in API (`/auth`). Read when its client is made, at the first start; later `countersign client update first-party`.',
  })
  FIRST_PARTY_SCOPES?: string[];

  @Variable({
    kind: wholeNumber(),
    default: '90',
    meaning: 'Days a signing key is active, 2 to 730. Its successor is published a day before.',
  })
  SIGNING_KEY_DAYS!: number;

  @Variable({
    kind: wholeNumber(),
    default: '60000',
    meaning: 'Requests a minute that one client, and one address, may send to the token endpoint of one instance. 0: no limit.',
  })
  TOKEN_REQUESTS_PER_MINUTE!: number;

  @Variable({
    kind: wholeNumber(),
    default: '6000',
    meaning:
      'Requests a minute that one address may send to the authorization endpoint of one instance, and one address and one client to `/connect/par`. 0: no limit.',
  })
  AUTHORIZATION_REQUESTS_PER_MINUTE!: number;

  @Variable({ kind: onOff, default: 'on', meaning: 'Drop what has expired, on whichever instance holds the lease.' })
  PRUNING!: boolean;

  @Variable({ kind: seconds, default: '172800', meaning: 'How long entries are kept after they expired, 0 to 315360000.' })
  RETENTION!: number;
}
