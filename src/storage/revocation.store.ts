import type { EntryKey } from '../protocol/entry-key.js';

/**
 * Kinds of rows in the revocation log. Their keys: of an entry or an authorization its own, of a client its id, of a signing key its name, of changed
 * configuration a ConfigurationChange, which ends no token and is for the service's own instances only.
 */
export const RevocationKind = { entry: 1, authorization: 2, client: 3, signingKey: 4, configuration: 5 } as const;
export type RevocationKind = (typeof RevocationKind)[keyof typeof RevocationKind];

/** What an ending has ended. Nothing: it had ended before, or never was. */
export interface Ended {
  /** Undefined: there were some, too many to be counted in time. */
  readonly grants: number | undefined;
  /** Sign-in sessions of browsers, which live without a grant too. */
  readonly browsers: number;
}

/**
 * Ends tokens. Each call writes its log rows in the same transaction; ending what has ended already changes nothing and logs nothing.
 * @throws StorageUnavailableError when the database cannot be asked
 */
export abstract class RevocationStore {
  /** One access token, if it is the client's own. `hash` undefined: a signed token whose signature was verified. `client` undefined: the operator. */
  abstract revokeAccess(key: EntryKey, hash: Buffer | undefined, client: string | undefined, now: Date): Promise<boolean>;

  /** The whole family of a genuine link, spent or not, if it is the client's own. */
  abstract revokeFamily(key: EntryKey, hash: Buffer, client: string, now: Date): Promise<boolean>;

  /** A grant with everything under it, on the operator's word. A client whose standing grant it is gets another one. */
  abstract endAuthorization(authorizationId: string, now: Date): Promise<boolean>;

  /** All grants and sign-in sessions of a subject, and what it has approved and nobody has redeemed. */
  abstract endSubject(subject: string, now: Date): Promise<Ended>;

  /** A sign-in session with all its grants, whoever's it is if no subject is named. */
  abstract endSession(sid: string, subject: string | undefined, now: Date): Promise<Ended>;

  /** All grants of a client, its standing grant included, by one mark. It gets others at once, unless it is disabled: then nothing is left to end. */
  abstract endClient(client: string, now: Date): Promise<Ended>;
}
