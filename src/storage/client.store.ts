export type ClientType = 'public' | 'confidential';
export type ClientAuthenticationMethod = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';

/** What a client overrides of the service's settings; undefined properties follow the service. Lifetimes in seconds. */
export interface ClientSettings {
  readonly accessTokenLifetime?: number;
  readonly refreshTokenLifetime?: number;
  readonly chainLifetime?: number;
  readonly referenceAccessTokens?: boolean;
  readonly referenceRefreshTokens?: boolean;
  readonly rotation?: boolean;
  readonly leeway?: number;
  readonly accessTokenAlgorithm?: 'ES256' | 'RS256';
  readonly idTokenAlgorithm?: 'ES256' | 'RS256';
  readonly requirePkce?: boolean;
  readonly requirePushedRequests?: boolean;
  /** `implicit`: people are not asked (apps of one's own house). @default 'explicit' */
  readonly consent?: 'explicit' | 'implicit';
  /** Signature of introspection answers that are asked for as JWTs (RFC 9701). */
  readonly introspectionAlgorithm?: 'ES256' | 'RS256';
}

/** OpenIddict's vocabulary: what a client may use, and what it is. */
export interface ClientPermissions {
  readonly endpoints: readonly (
    'token' | 'introspection' | 'revocation' | 'authorization' | 'pushed_authorization' | 'device' | 'end_session'
  )[];
  readonly grantTypes: readonly string[];
  readonly scopes: readonly string[];
  /** Audiences it may ask for. */
  readonly resources: readonly string[];
  /** Audiences it is itself, as a resource server: it introspects the tokens meant for them. Asking for an audience is not being it. */
  readonly serves?: readonly string[];
  /** Introspects tokens that were not issued for it. */
  readonly seeAllTokens?: boolean;
}

export interface ClientSecretRecord {
  readonly id: string;
  /** SHA-256 of the secret. */
  readonly hash: Buffer;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
}

export interface ClientRecord {
  readonly id: string;
  readonly displayName: string;
  readonly type: ClientType;
  readonly authenticationMethod: ClientAuthenticationMethod;
  readonly permissions: ClientPermissions;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly defaultResource?: string;
  readonly settings: ClientSettings;
  readonly jwks?: object;
  readonly jwksUri?: string;
  /** Told when a session of the client has ended (OpenID Connect Back-Channel Logout 1.0 §2.2). */
  readonly backchannelLogoutUri?: string;
  /** The grant its client_credentials tokens hang on; replaced when it is enabled again. */
  readonly standingAuthorizationId: string;
  readonly disabledAt?: Date;
  readonly createdAt: Date;
  /** At most two are live at once. */
  readonly secrets: readonly ClientSecretRecord[];
}

export type NewClient = Omit<ClientRecord, 'standingAuthorizationId' | 'disabledAt' | 'createdAt' | 'secrets'>;

/** @throws StorageUnavailableError when the database cannot be asked */
export abstract class ClientStore {
  /** With its secrets, expired ones included. */
  abstract find(id: string): Promise<ClientRecord | undefined>;
  abstract list(): Promise<ClientRecord[]>;
  /** Inserts a client with its standing grant. False: the id is taken. */
  abstract insert(client: NewClient, now: Date): Promise<boolean>;
  /** Replaces what can be configured of a client. False: no such client. */
  abstract update(client: NewClient, now: Date): Promise<boolean>;
  /** Disabling ends every token and grant of the client for good, also if it is enabled again. False: no such client, or in that state already. */
  abstract setEnabled(id: string, enabled: boolean, now: Date): Promise<boolean>;
  /** Adds a secret (SHA-256); those before it end at `othersExpireAt` at the latest, and only the newest of them stays. */
  abstract addSecret(id: string, hash: Buffer, othersExpireAt: Date, now: Date): Promise<boolean>;
}
