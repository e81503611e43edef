import { Injectable } from '@nestjs/common';
import { bucketOf, encodeEntryKey, type EntryKey } from '../../protocol/entry-key.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { ofClient } from '../configuration-change.js';
import { RevocationStore, type Ended } from '../revocation.store.js';
import { StorageUnavailableError } from '../storage-unavailable.error.js';
import { COUNT_LIVE_GRANTS, END_CLIENT, HAS_LIVE_GRANTS, OPEN_STANDING_GRANT } from './client.sql.js';
import { logChange } from './configuration-writer.js';
import { Database } from './database.js';
import { GrantEndings } from './grant-endings.js';
import { Partitions } from './partitions.js';
import {
  DENY_APPROVED_DEVICES,
  END_AUTHORIZATION,
  logRowEnd,
  NEXT_STANDING_GRANT,
  REVOKE_ACCESS,
  REVOKE_FAMILY,
  SUBJECT_OF_SESSION,
} from './revocation.sql.js';
import { latest, SharedCalls } from './shared-calls.js';

const NOTHING: Ended = { grants: 0, browsers: 0 };

@Injectable()
export class PostgresRevocationStore extends RevocationStore {
  private readonly revoking = new SharedCalls<FamilyRevocation, object | undefined>({
    run: (calls) =>
      this.partitions.logging(latest(calls.map(({ now }) => now)), () => this.database.share(REVOKE_FAMILY.of(calls.map(familyValues)))),
    apart: ({ key }) => key.authorizationId,
  });

  constructor(
    private readonly database: Database,
    private readonly endings: GrantEndings,
    private readonly partitions: Partitions,
  ) {
    super();
  }

  override async revokeAccess(key: EntryKey, hash: Buffer | undefined, client: string | undefined, now: Date): Promise<boolean> {
    const values = [key.bucket, key.authorizationId, key.number, hash ?? null, client ?? null, now, encodeEntryKey(key), logRowEnd(now)];
    return (await this.partitions.logging(now, () => this.database.run(REVOKE_ACCESS, values))).length === 1;
  }

  override async revokeFamily(key: EntryKey, hash: Buffer, client: string, now: Date): Promise<boolean> {
    return (await this.revoking.ask({ key, hash, client, now })) !== undefined;
  }

  override async endAuthorization(authorizationId: string, now: Date): Promise<boolean> {
    return this.endings.transaction(now, async (runner) => {
      const values = [authorizationId, now, logRowEnd(now)];
      const [dead] = await runner.run<{ client: string; subject: string }>(END_AUTHORIZATION, values);
      if (dead && dead.subject === dead.client) {
        const next = uuidv7(now);
        const stands = await runner.run(NEXT_STANDING_GRANT, [authorizationId, next, dead.client]);
        if (stands.length === 1) {
          await runner.run(OPEN_STANDING_GRANT, [next, dead.client, now]);
          await logChange(runner, ofClient(dead.client), now);
        }
      }
      return dead !== undefined;
    });
  }

  override endSubject(subject: string, now: Date): Promise<Ended> {
    return this.endings.transaction(now, async (runner) => {
      await this.endings.lock(runner, subject);
      await runner.run(DENY_APPROVED_DEVICES, [subject, now]);
      return this.endings.endWithin(runner, subject, now, { spare: 'nothing' });
    });
  }

  override async endSession(sid: string, subject: string | undefined, now: Date): Promise<Ended> {
    const [session] = subject === undefined ? await this.database.run<{ subject: string }>(SUBJECT_OF_SESSION, [sid]) : [{ subject }];
    return session ? this.endings.end(session.subject, now, { onlySid: sid, spare: 'sessionless' }) : NOTHING;
  }

  override async endClient(client: string, now: Date): Promise<Ended> {
    const live = [client, now, bucketOf(now)];
    const [before] = await this.inTime(() => this.database.run<{ live: boolean }>(HAS_LIVE_GRANTS, live), [{ live: true }]);
    if (!before?.live) return NOTHING;
    const values = [client, now, Buffer.from(client), logRowEnd(now), Buffer.from(ofClient(client)), uuidv7(now)];
    const [dead] = await this.partitions.logging(now, () => this.database.run<{ ended: number }>(END_CLIENT, values));
    if (!dead) return NOTHING;
    // Only then: however long it takes to count them, they are dead.
    const [count] = await this.inTime(() => this.database.run<{ grants: number }>(COUNT_LIVE_GRANTS, [...live, dead.ended]), []);
    return { ...NOTHING, grants: count?.grants };
  }

  private async inTime<T>(work: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StorageUnavailableError) return otherwise;
      throw error;
    }
  }
}

interface FamilyRevocation {
  readonly key: EntryKey;
  readonly hash: Buffer;
  readonly client: string;
  readonly now: Date;
}

const familyValues = ({ key, hash, client, now }: FamilyRevocation) => ({
  bucket: key.bucket,
  authorization: key.authorizationId,
  type: key.type,
  number: key.number,
  hash,
  client,
  now,
  log_until: logRowEnd(now),
});
