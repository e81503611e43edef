import { Injectable } from '@nestjs/common';
import { ClientAssertionStore } from '../client-assertion.store.js';
import { Database } from './database.js';

@Injectable()
export class PostgresClientAssertionStore extends ClientAssertionStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async remember(client: string, jtiHash: Buffer, expiresAt: Date): Promise<boolean> {
    return (await this.database.run(REMEMBER_ASSERTION, [client, jtiHash, expiresAt])).length === 1;
  }
}

const REMEMBER_ASSERTION = {
  name: 'remember_assertion',
  text: `
insert into client_assertion (client, jti_hash, expires_at)
select id, $2::bytea, $3::timestamptz from client where id = $1::text and disabled_at is null
on conflict do nothing returning client`,
};
