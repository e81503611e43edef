import type { FailurePolicy } from '../storage/failure.store.js';
import { between, failurePolicyFaults, type Fault } from './attempts/failure-policy-faults.js';
import { pageOptionFaults, PAGE_DEFAULTS, type PageOptions } from './pages/page.options.js';
import type { Argon2Parameters } from './passwords/argon2.js';

/** So many in each window of so many seconds. */
export interface RateLimit {
  readonly limit: number;
  /** Seconds. */
  readonly window: number;
}

export interface PasswordPolicyOptions {
  /** Code points after NFKC, 8–64. NIST SP 800-63B §5.1.1.2. Default 8. */
  readonly minLength: number;
  /** Code points after NFKC, 64–256. Longer ones are refused, never cut. Default 128. */
  readonly maxLength: number;
  /**
   * Refuse common and breached passwords, by a list that ships with the package, and those that are common here: blanks, one part over and over, the name
   * of the service, the e-mail's local part with a number. Default true.
   */
  readonly refuseCommon: boolean;
}

/**
 * How failures lock a key out: each failure beyond `free` locks it for `firstBlock` seconds, doubled each time up to `longestBlock`; after
 * `forgetAfter` seconds without a failure it starts afresh. Released by time alone.
 */
export interface LockOutOptions {
  /**
   * Wrong passwords for one account, whether or not it exists, from anywhere. Cleared by the right password.
   * Default: free 5, firstBlock 30, longestBlock 900, forgetAfter 86400.
   */
  readonly account: FailurePolicy;
  /** Failed sign-ins and registrations of taken e-mails from one address (IPv6: one /64). Default: free 30, firstBlock 30, longestBlock 900, forgetAfter 3600. */
  readonly address: FailurePolicy;
  /**
   * Refused refresh tokens from one address, counted together with those at the token endpoint. While locked, further refusals are answered 429; a
   * valid token is always served.
   * Default: free 300, firstBlock 5, longestBlock 300, forgetAfter 600.
   */
  readonly refresh: FailurePolicy;
}

/** Requests, successful ones included, counted in each instance's memory; beyond: 429 + Retry-After. */
export interface RateLimitOptions {
  /** Sign-ins to one account. Default 60 in 60 s. */
  readonly signInsPerAccount: RateLimit;
  /** Sign-ins from one address. Default 600 in 60 s. */
  readonly signInsPerAddress: RateLimit;
  /** Registrations from one address. Default 100 in 3600 s. */
  readonly registrationsPerAddress: RateLimit;
  /** Refreshes from one address. Default 6000 in 60 s. */
  readonly refreshesPerAddress: RateLimit;
}

/** Settings of `IdentityModule`, as they are in force. */
export interface IdentityOptions {
  /** The sign-in API (`/auth/…`); false: all of it answers 404. Default true. */
  readonly enabled: boolean;
  /** Whether tokens are stored. False leaves register, login, refresh and me; the rest answers 404. Must agree with issuance. Default true. */
  readonly storage: boolean;
  /**
   * Who may register. `immediate`: everyone, and is signed in at once; a known e-mail gets 409, so that anyone can find out which are known.
   * `off`: only operators make accounts. `verified` (always 202, the tokens after the e-mail link) needs mail, which this version cannot send:
   * it is refused at start. Default `immediate`.
   */
  readonly registration: 'immediate' | 'verified' | 'off';
  /** Seconds a browser stays signed in after the person last proved who they are. Default 1209600 (14 days); 300 to 31536000. */
  readonly sessionLifetime: number;
  /** The pages people see: sign-in, consent, account, … */
  readonly pages: PageOptions;
  /** Which of a person's sessions a change of the password ends: all but the one that changes it, all, none. Default `others`. */
  readonly onPasswordChange: 'others' | 'all' | 'none';
  /** Whether a change of the password also ends the grants of connected apps. Default false. */
  readonly includeConnectedApps: boolean;
  /** Refuse to refresh a pair whose access token, when it is sent along, still lives. Default false. */
  readonly refreshOnlyWhenExpired: boolean;
  readonly passwordPolicy: PasswordPolicyOptions;
  /**
   * Costs of Argon2id. Raising them re-hashes each password at its next sign-in. Never below 7168 KiB or 35000 KiB × passes (OWASP Password
   * Storage Cheat Sheet); at most 1 GiB, 20 passes, 16 lanes. Default 19456 KiB, 2 passes, 1 lane.
   */
  readonly argon2: Argon2Parameters;
  readonly lockOut: LockOutOptions;
  readonly rateLimits: RateLimitOptions;
}

/** What `IdentityModule.forRoot` takes; everything has a default, at every depth. */
export type IdentityModuleOptions = { readonly [Name in keyof IdentityOptions]?: DeepPartial<IdentityOptions[Name]> };

type DeepPartial<T> = T extends object ? { readonly [Name in keyof T]?: DeepPartial<T[Name]> } : T;

/** Injection token of the options in force. */
export const IDENTITY_OPTIONS = Symbol('IdentityOptions');

export const IDENTITY_DEFAULTS: IdentityOptions = {
  enabled: true,
  storage: true,
  registration: 'immediate',
  sessionLifetime: 14 * 86_400,
  pages: PAGE_DEFAULTS,
  onPasswordChange: 'others',
  includeConnectedApps: false,
  refreshOnlyWhenExpired: false,
  passwordPolicy: { minLength: 8, maxLength: 128, refuseCommon: true },
  argon2: { memoryCost: 19_456, timeCost: 2, parallelism: 1 },
  lockOut: {
    account: { free: 5, firstBlock: 30, longestBlock: 900, forgetAfter: 86_400 },
    address: { free: 30, firstBlock: 30, longestBlock: 900, forgetAfter: 3600 },
    refresh: { free: 300, firstBlock: 5, longestBlock: 300, forgetAfter: 600 },
  },
  rateLimits: {
    signInsPerAccount: { limit: 60, window: 60 },
    signInsPerAddress: { limit: 600, window: 60 },
    registrationsPerAddress: { limit: 100, window: 3600 },
    refreshesPerAddress: { limit: 6000, window: 60 },
  },
};

/** The options as they would be in force, unchecked. */
export const withIdentityDefaults = (given: IdentityModuleOptions): IdentityOptions => withDefaults(IDENTITY_DEFAULTS, given);

/** The options in force. @throws Error that names every fault and what to change */
export function resolveIdentityOptions(given: IdentityModuleOptions = {}): IdentityOptions {
  const options = withIdentityDefaults(given);
  const faults = identityOptionFaults(options);
  if (faults.length > 0) throw new Error(['IdentityModule cannot start with these options:', ...faults].join('\n- '));
  return options;
}

/** Whether there are pages. */
export const hasPages = ({ pages, storage }: IdentityOptions): boolean => pages.enabled ?? storage;

/** Everything that is wrong with the options, each with what to change. */
export function identityOptionFaults(options: IdentityOptions): string[] {
  const { argon2, passwordPolicy } = options;
  const faults = [
    oneOf('registration', options.registration, ['immediate', 'verified', 'off']),
    options.registration === 'verified' &&
      "registration: 'verified' needs mail, which this version cannot send. Choose 'immediate', or 'off' and make accounts as an operator.",
    between('sessionLifetime', options.sessionLifetime, 300, 31_536_000),
    ...pageOptionFaults(options.pages, options.storage),
    oneOf('onPasswordChange', options.onPasswordChange, ['others', 'all', 'none']),
    ...booleans(options, ['enabled', 'storage', 'includeConnectedApps', 'refreshOnlyWhenExpired']),
    ...booleans(passwordPolicy, ['refuseCommon'], 'passwordPolicy.'),
    between('passwordPolicy.minLength', passwordPolicy.minLength, 8, 64),
    between('passwordPolicy.maxLength', passwordPolicy.maxLength, 64, 256),
    between('argon2.memoryCost', argon2.memoryCost, 7168, 1_048_576),
    between('argon2.timeCost', argon2.timeCost, 1, 20),
    between('argon2.parallelism', argon2.parallelism, 1, 16),
    argon2.memoryCost * argon2.timeCost < 35_000 && 'argon2: memoryCost × timeCost must be at least 35000. Raise either.',
    ...Object.entries(options.lockOut).flatMap(([name, policy]) => failurePolicyFaults(`lockOut.${name}`, policy as FailurePolicy)),
    ...Object.entries(options.rateLimits).flatMap(([name, rate]) => rateLimitFaults(`rateLimits.${name}`, rate as RateLimit)),
  ];
  return faults.filter((fault) => fault !== false);
}

const rateLimitFaults = (name: string, { limit, window }: RateLimit): Fault[] => [
  between(`${name}.limit`, limit, 1, 1_000_000_000),
  between(`${name}.window`, window, 1, 86_400),
];

const oneOf = (name: string, value: string, allowed: readonly string[]): Fault =>
  !allowed.includes(value) && `${name} must be one of ${allowed.join(', ')}.`;

const booleans = <T extends object>(options: T, names: readonly (keyof T & string)[], prefix = ''): Fault[] =>
  names.map((name) => typeof options[name] !== 'boolean' && `${prefix}${name} must be true or false.`);

function withDefaults<T extends object>(defaults: T, given: object): T {
  const result = { ...defaults } as Record<string, unknown>;
  for (const [name, value] of Object.entries(given)) {
    const fallback = result[name];
    const nested = isGroup(fallback) && isGroup(value);
    if (value !== undefined) result[name] = nested ? withDefaults(fallback, value) : value;
  }
  return result as T;
}

const isGroup = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
