import { randomBytes, randomInt } from 'node:crypto';
import { bucketOf, EntryType, type EntryKey } from '../../src/protocol/entry-key.js';
import { newAccessNumber } from '../../src/protocol/token-string.js';
import { uuidv7 } from '../../src/protocol/uuid.js';
import { AuthorizationStore, type NewEntry } from '../../src/storage/authorization.store.js';
import { RevocationStore } from '../../src/storage/revocation.store.js';
import { TokenEntryStore } from '../../src/storage/token-entry.store.js';
import type { MeasuredDatabase } from './measured-database.js';
import type { Sample } from './sample.js';

export const OPERATIONS = ['introspect', 'redeem', 'issue', 'revoke', 'sign in'] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** One call each. Throws when the answer is not what it must be. */
export type Operations = Readonly<Record<OperationName, () => Promise<void>>>;

const formats = { referenceAccess: false, selfContainedRefresh: false };
const ACCESS_MS = 15 * 60_000;
const REFRESH_MS = 14 * 86_400_000;

/**
 * The statements of the hot paths through the product's own stores, on rows drawn from all there are: the least that caches help. `revoke` takes what
 * `issue` has issued.
 */
export function operationsOn(database: MeasuredDatabase, sample: Sample): Operations {
  const authorizations = database.get(AuthorizationStore);
  const entries = database.get(TokenEntryStore);
  const revocations = database.get(RevocationStore);
  const issued: EntryKey[] = [];
  const nextEntry = inTurn(sample.entries);
  const nextChain = inTurn(sample.chains);
  const nextMachine = inTurn(sample.machines);
  const nextPerson = inTurn(sample.people);

  return {
    introspect: async () => {
      const { key, signed } = nextEntry();
      expect(await entries.find(key, new Date(), signed ? 'kid-1' : undefined, 'client-1'), 'an entry');
    },
    redeem: async () => {
      const chain = nextChain();
      const now = new Date();
      const { authorizationId, number } = chain.head.key;
      const successor = linkEntry(authorizationId, number + 1n, now);
      const outcome = await authorizations.redeem({
        presented: chain.head,
        client: chain.client,
        now,
        leeway: 30,
        nonce: randomInt(1, 2 ** 31),
        keyId: 1,
        successor,
        access: accessEntry(authorizationId, now),
        formats,
      });
      expect(outcome?.outcome === 'won', 'a win');
      chain.head = successor;
    },
    issue: async () => {
      const { client, standing } = nextMachine();
      const now = new Date();
      const access = accessEntry(standing, now);
      expect(await authorizations.issueStanding(client, now, access), 'an entry');
      issued.push(access.key);
    },
    revoke: async () => {
      const key = issued.pop();
      expect(key && (await revocations.revokeAccess(key, undefined, undefined, new Date())), 'a revocation');
    },
    'sign in': async () => {
      const now = new Date();
      const authorizationId = uuidv7(now);
      const subject = nextPerson();
      const grant = {
        authorizationId,
        client: nextMachine().client,
        subject,
        scopes: ['openid', 'profile', 'email', 'offline_access'],
        resources: ['https://api.example.test'],
        claims: { email: `${subject}@example.test`, email_verified: true, name: 'Somebody' },
        createdAt: now,
        expiresAt: new Date(now.getTime() + 180 * 86_400_000),
        formats,
        credentialVersion: 1,
        session: {
          sid: uuidv7(now),
          userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
          address: '198.51.100.1',
        },
      };
      const link = linkEntry(authorizationId, 0n, now);
      expect(await authorizations.start(grant, link, accessEntry(authorizationId, now)), 'a grant');
    },
  };
}

function linkEntry(authorizationId: string, number: bigint, now: Date): NewEntry & { readonly hash: Buffer } {
  const expiresAt = new Date(now.getTime() + REFRESH_MS);
  return { key: { bucket: bucketOf(expiresAt), authorizationId, type: EntryType.refreshToken, number }, expiresAt, hash: randomBytes(32) };
}

/** Of a signed token. */
function accessEntry(authorizationId: string, now: Date): NewEntry {
  const expiresAt = new Date(now.getTime() + ACCESS_MS);
  return { key: { bucket: bucketOf(expiresAt), authorizationId, type: EntryType.accessToken, number: newAccessNumber() }, expiresAt };
}

function inTurn<T>(values: readonly T[]): () => T {
  let next = 0;
  return () => {
    const value = values[next++ % values.length];
    if (value === undefined) throw new Error('There is nothing to draw from.');
    return value;
  };
}

function expect(holds: unknown, what: string): void {
  if (!holds) throw new Error(`The store did not answer with ${what}.`);
}
