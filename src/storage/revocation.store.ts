import type { EntryKey } from '../protocol/entry-key.js';

/** Kinds of rows in the revocation log. */
export const RevocationKind = { entry: 1, authorization: 2, client: 3, signingKey: 4, configuration: 5 } as const;
export type RevocationKind = (typeof RevocationKind)[keyof typeof RevocationKind];

/**
 * Ends tokens. Each call writes its log rows in the same transaction; ending what has ended already changes nothing and logs nothing.
 * @throws StorageUnavailableError when the database cannot be asked
 */
export abstract class RevocationStore {
  /** One access token, if it is the client's own. `hash` undefined: a signed token whose signature was verified. `client` undefined: the operator. */
  abstract revokeAccess(key: EntryKey, hash: Buffer | undefined, client: string | undefined, now: Date): Promise<boolean>;

  /** The whole family of a genuine link, spent or not, if it is the client's own. */
  abstract revokeFamily(key: EntryKey, hash: Buffer, client: string, now: Date): Promise<boolean>;

  /** A grant with everything under it, on the operator's word. */
  abstract endAuthorization(authorizationId: string, now: Date): Promise<boolean>;

  /** All grants of a subject, but for one sign-in session if named. Returns how many ended. */
  abstract endSubject(subject: string, now: Date, keepSid?: string): Promise<number>;
}
