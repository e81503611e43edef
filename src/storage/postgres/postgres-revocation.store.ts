import { Injectable } from '@nestjs/common';
import { encodeEntryKey, type EntryKey } from '../../protocol/entry-key.js';
import { RevocationStore } from '../revocation.store.js';
import { Database } from './database.js';
import { GrantEndings } from './grant-endings.js';
import { Partitions } from './partitions.js';
import { END_AUTHORIZATION, logRowEnd, REVOKE_ACCESS, REVOKE_FAMILY } from './revocation.sql.js';

@Injectable()
export class PostgresRevocationStore extends RevocationStore {
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
    const values = [key.bucket, key.authorizationId, key.type, key.number, hash, client, now, logRowEnd(now)];
    return (await this.partitions.logging(now, () => this.database.run(REVOKE_FAMILY, values))).length === 1;
  }

  override async endAuthorization(authorizationId: string, now: Date): Promise<boolean> {
    const values = [authorizationId, now, logRowEnd(now)];
    return (await this.partitions.logging(now, () => this.database.run(END_AUTHORIZATION, values))).length === 1;
  }

  override async endSubject(subject: string, now: Date, keepSid?: string): Promise<number> {
    const { grants } = await this.endings.end(subject, now, { ...(keepSid !== undefined && { keepSid }), spare: 'nothing' });
    return grants;
  }
}
