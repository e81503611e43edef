import type { JsonWebKey } from 'node:crypto';

/** An app that the provider knows. */
export interface ProviderClient {
  readonly id: string;
  /** It authenticates with `client_secret_basic` or `client_secret_post`. Undefined: a public client, `none`. */
  readonly secret?: string;
  /** It authenticates with `private_key_jwt` instead, by the key that belongs to this one: ES256 or RS256. */
  readonly publicKey?: JsonWebKey;
  /** Compared as strings, nothing normalised. */
  readonly redirectUris?: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
}

/** Who signs in next. */
export interface Person {
  readonly sub: string;
  /** Claims of the id token and of userinfo: `{ email: 'ada@example.test' }`. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** What can be changed at any time; it holds for what is issued from then on. */
export interface ProviderSettings {
  /** Seconds. Default: 300. */
  accessTokenLifetime: number;
  /** Seconds. Default: 300. */
  idTokenLifetime: number;
  /** Seconds from its issue. Default: a day. */
  refreshTokenLifetime: number;
  /** Leaves `expires_in` out of the answers (RFC 6749 §5.1: only recommended). Default: false. */
  omitExpiresIn: boolean;
  /** `jwt`: RFC 9068, signed with the provider's key. Default. */
  accessTokenFormat: 'jwt' | 'opaque';
  /** Characters that an access token has at least. Default: 0. */
  accessTokenSize: number;
  /** Who gets a refresh token: everyone (default), those with the scope `offline_access`, nobody. */
  refreshTokens: 'always' | 'offline_access' | 'never';
  /** A refresh answers with a new refresh token, and the old one is spent. False: no new one, and the old one stays good. Default: true. */
  rotateRefreshTokens: boolean;
  /** A refresh answers with an id token. Default: true. */
  idTokenOnRefresh: boolean;
  /** Id tokens say `sid`. Default: true. */
  sid: boolean;
  /** Claims that every id token has besides. Default: none. */
  claims: Readonly<Record<string, unknown>>;
  /** Signing in shows a form to send first: what follows it starts on the provider's site, as with people. Default: false. */
  interactive: boolean;
  /** What the discovery document says besides, or instead. Undefined takes a member out. Default: nothing. */
  metadata: Readonly<Record<string, unknown>>;
}

export const DEFAULT_SETTINGS: ProviderSettings = {
  accessTokenLifetime: 300,
  idTokenLifetime: 300,
  refreshTokenLifetime: 86_400,
  omitExpiresIn: false,
  accessTokenFormat: 'jwt',
  accessTokenSize: 0,
  refreshTokens: 'always',
  rotateRefreshTokens: true,
  idTokenOnRefresh: true,
  sid: true,
  claims: {},
  interactive: false,
  metadata: {},
};

export interface FaultyProviderOptions {
  /** Where it listens, and the host of its issuer. An app on `localhost` is on another site than `127.0.0.1`. Default: `127.0.0.1`. */
  readonly host?: string;
  /** Default: one that is free. It stays the same over `stop()` and `start()`. */
  readonly port?: number;
  /** Path of the issuer: `/realms/test`. Default: none. */
  readonly path?: string;
  readonly clients?: readonly ProviderClient[];
  /** Default: `{ sub: 'ada' }`. */
  readonly person?: Person;
  readonly settings?: Partial<ProviderSettings>;
  /** Default: `ES256`. */
  readonly algorithm?: 'ES256' | 'RS256';
  /** The time in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}
