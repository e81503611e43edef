import { bucketOf, EntryType, formatTokenId, type EntryKey } from '../../../src/protocol/entry-key.js';
import { tokenHash } from '../../../src/protocol/hashing.js';
import { sealPayload } from '../../../src/protocol/sealed-payload.js';
import { formatToken, newAccessNumber, newIdentifier } from '../../../src/protocol/token-string.js';
import { uuidv7 } from '../../../src/protocol/uuid.js';
import { AuthorizationStore, type NewEntry } from '../../../src/storage/authorization.store.js';
import { ClientStore } from '../../../src/storage/client.store.js';
import type { TestStorage } from '../../support/storage.js';
import { AUDIENCE, SUBJECT } from './claims.js';

/** Any application with the stores. */
export type Place = Pick<TestStorage, 'clock' | 'module'>;

export interface Issued {
  readonly key: EntryKey;
  /** The `jti` a signed token of the entry has. */
  readonly jti: string;
  /** The reference token of the entry. */
  readonly token: string;
  /** The refresh token it came with. */
  readonly refreshToken: string;
}

export async function insertClient(storage: Place, id: string): Promise<void> {
  const permissions = { endpoints: [], grantTypes: [], scopes: [], resources: [] };
  const lists = { permissions, redirectUris: [], postLogoutRedirectUris: [], allowedOrigins: [] };
  const client = { id, displayName: id, type: 'public', authenticationMethod: 'none', settings: {}, ...lists } as const;
  await storage.module.get(ClientStore).insert(client, storage.clock.now());
}

/** Writes a grant of the client `web` with one access token into the database: a reference token, or the entry of a signed one. */
export async function issue(storage: Place, format: 'reference' | 'signed', client = 'web'): Promise<Issued> {
  const now = storage.clock.now();
  const expiresAt = new Date(now.getTime() + 900_000);
  const authorizationId = uuidv7(now);
  const make = (type: EntryType, number: bigint, withPayload: boolean, withHash = true) => {
    const reference = { key: { bucket: bucketOf(expiresAt), authorizationId, type, number }, identifier: newIdentifier() };
    const secret = withHash && { hash: tokenHash(reference) };
    const entry: NewEntry = { key: reference.key, expiresAt, ...secret, ...(withPayload && { payload: sealPayload(reference, {}) }) };
    return { entry, token: formatToken(reference) };
  };
  // With a payload that opens, so that nothing but its kind tells it from an access token.
  const link = make(EntryType.refreshToken, 0n, true);
  const access = make(EntryType.accessToken, newAccessNumber(), format === 'reference', format === 'reference');
  const grant = { authorizationId, client, subject: SUBJECT, scopes: ['todos:read'], resources: [AUDIENCE], claims: { roles: ['admin'] } };
  const formats = { referenceAccess: format === 'reference', selfContainedRefresh: false };
  const started = await storage.module
    .get(AuthorizationStore)
    .start({ ...grant, createdAt: now, expiresAt: new Date(now.getTime() + 86_400_000), formats }, link.entry, access.entry);
  if (!started) throw new Error('the grant was not written');
  return { key: access.entry.key, jti: formatTokenId(access.entry.key), token: access.token, refreshToken: link.token };
}
