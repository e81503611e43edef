import { TokenVariables } from './token-variables.js';
import { networks, oneOf, onOff, path, seconds, text, wholeNumber } from './variable-kinds.js';
import { Variable } from './variable.decorator.js';

/** The environment variables of the service. `docs/options.md` is made from these lines and those of the classes above: `npm run docs:options`. */
export class Environment extends TokenVariables {
  @Variable({ kind: onOff, default: 'on', meaning: '`/connect/token`. Off: no GRANT_… may be turned on. RFC 6749 §3.2' })
  TOKEN_ENDPOINT!: boolean;

  @Variable({ kind: onOff, defaultMeaning: 'on; off without TOKEN_STORAGE', meaning: '`/connect/introspect`. RFC 7662' })
  INTROSPECTION_ENDPOINT?: boolean;

  @Variable({ kind: onOff, defaultMeaning: 'on; off without TOKEN_STORAGE', meaning: '`/connect/revoke`. RFC 7009' })
  REVOCATION_ENDPOINT?: boolean;

  @Variable({
    kind: onOff,
    defaultMeaning: 'on; off without TOKEN_STORAGE',
    meaning: '`/connect/revocations`: what was ended, for guards elsewhere. See docs/revocation-feed.md.',
  })
  REVOCATION_FEED_ENDPOINT?: boolean;

  @Variable({
    kind: wholeNumber(),
    default: '2000',
    meaning:
      'Answers of the revocation feed that one client may have under way at one instance, 1 to 1000000: streams, polls that wait, snapshots.',
  })
  REVOCATION_STREAMS_PER_CLIENT!: number;

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
