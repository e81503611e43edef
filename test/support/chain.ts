import { randomUUID } from 'node:crypto';
import type { Clock } from '../../src/protocol/clock.js';
import { bucketOf, EntryType } from '../../src/protocol/entry-key.js';
import { tokenHash } from '../../src/protocol/hashing.js';
import { formatToken, newAccessNumber, newIdentifier } from '../../src/protocol/token-string.js';
import { uuidv7 } from '../../src/protocol/uuid.js';
import { AuthorizationStore, type NewGrant } from '../../src/storage/authorization.store.js';

/** Where clients are registered and chains opened. */
export interface Stores {
  readonly clock: Clock;
  get<T>(provider: abstract new (...args: never[]) => T): T;
}

export interface Chain {
  readonly authorizationId: string;
  readonly refreshToken: string;
}

/** A grant with link 0 and a (signed) access token, as a sign-in would leave it. Undefined: the store refused to open it. */
export async function startChain(stores: Stores, grant: Partial<NewGrant> & Pick<NewGrant, 'client'>): Promise<Chain | undefined> {
  const now = stores.clock.now();
  const authorizationId = uuidv7(now);
  const expiresAt = new Date(now.getTime() + 86_400_000);
  const entry = (type: EntryType, number: bigint) => ({ key: { bucket: bucketOf(expiresAt), authorizationId, type, number }, expiresAt });
  const link = entry(EntryType.refreshToken, 0n);
  const token = { key: link.key, identifier: newIdentifier() };
  const opened = await stores.get(AuthorizationStore).start(
    {
      authorizationId,
      subject: randomUUID(),
      scopes: [],
      resources: ['https://api.example'],
      claims: {},
      createdAt: now,
      expiresAt: new Date(now.getTime() + 30 * 86_400_000),
      formats: { referenceAccess: false, selfContainedRefresh: false },
      ...grant,
    },
    { ...link, hash: tokenHash(token) },
    entry(EntryType.accessToken, newAccessNumber()),
  );
  return opened ? { authorizationId, refreshToken: formatToken(token) } : undefined;
}

/** The same, where it must succeed. */
export async function openChain(stores: Stores, grant: Partial<NewGrant> & Pick<NewGrant, 'client'>): Promise<Chain> {
  const chain = await startChain(stores, grant);
  if (!chain) throw new Error('The chain was not opened.');
  return chain;
}
