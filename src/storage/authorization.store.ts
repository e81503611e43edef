import type { EntryKey } from '../protocol/entry-key.js';

/** One entry to insert. */
export interface NewEntry {
  readonly key: EntryKey;
  /** When the token ends by itself. The key's bucket is the day of this moment. */
  readonly expiresAt: Date;
  /** SHA-256 that proves possession; undefined for signed tokens. */
  readonly hash?: Buffer;
  /** Sealed with the token's own key; undefined when there is nothing to keep. */
  readonly payload?: Buffer;
}

/** How tokens of a rotation were written, so that a retry writes them alike whatever the settings are by then. */
export interface TokenFormats {
  readonly referenceAccess: boolean;
  readonly selfContainedRefresh: boolean;
}

/** What a grant allows, as every statement that judged it returns it. */
export interface GrantRecord {
  readonly authorizationId: string;
  readonly client: string;
  readonly subject: string;
  /** Sign-in session, where there is one. */
  readonly sid?: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  /** Claims of the access tokens beyond the protocol's own (email, roles, …). */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Absolute end of the grant. */
  readonly expiresAt: Date;
  readonly generation: bigint;
}

export interface NewGrant {
  readonly authorizationId: string;
  readonly client: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly formats: TokenFormats;
  /** The person must still be enabled and have this credential version when the grant commits; undefined for subjects kept elsewhere. */
  readonly credentialVersion?: number;
  /** Opens a sign-in session together with the grant. */
  readonly session?: { readonly sid: string; readonly userAgent?: string; readonly address?: string };
  /** What a person approved in a browser; undefined: nobody had to. */
  readonly approval?: Approval;
}

/** What must hold still when the grant commits, and what it spends. */
export interface Approval {
  /** The sign-in session of the browser, which the grant belongs to: it must be open. */
  readonly sid?: string;
  /** The consent to the grant's scopes must stand. */
  readonly consented: boolean;
  /** Id of the pushed request. One grant comes of it. */
  readonly pushedRequest?: string;
  /** The approved device request. One grant comes of it. */
  readonly deviceRequest?: { readonly id: string; readonly hash: Buffer };
}

/** Proof of possession of a link or an access token. */
export interface PresentedEntry {
  readonly key: EntryKey;
  readonly hash: Buffer;
}

export interface Redemption {
  readonly presented: PresentedEntry;
  readonly client: string;
  readonly now: Date;
  /** Seconds; 0 = strict. Codes: 0. */
  readonly leeway: number;
  /** Random, never 0: tells the winner from those who come within the leeway. */
  readonly nonce: number;
  /** Derivation key the successor was derived with. */
  readonly keyId: number;
  /** Undefined: all that the grant holds. Wider than the grant: invalid. */
  readonly scopes?: readonly string[];
  readonly resources?: readonly string[];
  readonly successor?: NewEntry;
  readonly access: NewEntry;
  readonly formats: TokenFormats;
}

/** The last rotation as the grant's row remembers it: what a retry is built from. */
export interface LastRotation {
  readonly rotatedAt: Date;
  readonly keyId: number;
  /** Undefined when the rotation issued no refresh token. */
  readonly headExpiresAt?: Date;
  readonly accessExpiresAt: Date;
  readonly grantedScopes: readonly string[];
  readonly grantedResources: readonly string[];
  readonly formats: TokenFormats;
}

/** `won`: successor and access entry are stored. `retry`: nothing was written. `reuse`: the family was revoked. */
export interface RedemptionOutcome {
  readonly outcome: 'won' | 'retry' | 'reuse';
  readonly grant: GrantRecord;
  readonly rotation: LastRotation;
}

export interface FurtherAccess {
  readonly presented: PresentedEntry;
  readonly client: string;
  readonly now: Date;
  /** True: the presented link must be the head (rotation off). False: any link (second step of a retry). */
  readonly mustBeHead: boolean;
  readonly scopes?: readonly string[];
  readonly resources?: readonly string[];
  readonly access: NewEntry;
  readonly createdAt: Date;
}

/** `written` is false when that very entry exists already. */
export interface FurtherAccessOutcome {
  readonly grant: GrantRecord;
  readonly written: boolean;
  /** When the presented link ends, by itself or with its grant. */
  readonly linkExpiresAt: Date;
}

/** A grant that is of use, as people see it. */
export interface LiveGrant {
  readonly id: string;
  readonly client: string;
  readonly sid?: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  /** Of its newest link. */
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
}

/**
 * Grants and their chains. Every method is one statement, which alone decides; the outcome comes from its answer.
 * @throws StorageUnavailableError when the database cannot be asked
 */
export abstract class AuthorizationStore {
  /** Opens a grant with its first link and access entry. False: person, client or approval are gone, changed or spent; nothing was written. */
  abstract start(grant: NewGrant, link: NewEntry | undefined, access: NewEntry | undefined): Promise<boolean>;

  /** Redeems a link. Undefined: forged, expired, foreign, revoked or asking for more than granted; nothing was written. */
  abstract redeem(redemption: Redemption): Promise<RedemptionOutcome | undefined>;

  /** One more access entry on the strength of a link. Undefined as in `redeem`. */
  abstract issue(access: FurtherAccess): Promise<FurtherAccessOutcome | undefined>;

  /** An access entry on a client's standing grant. False: the client is disabled or its grant was replaced; nothing was written. */
  abstract issueStanding(client: string, createdAt: Date, access: NewEntry): Promise<boolean>;

  /** Live grants of a subject, newest first. */
  abstract list(subject: string, now: Date): Promise<LiveGrant[]>;
}
