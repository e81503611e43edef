import { Injectable } from '@nestjs/common';
import { PushedRequestStore, type NewPushedRequest } from '../pushed-request.store.js';
import { Database } from './database.js';

@Injectable()
export class PostgresPushedRequestStore extends PushedRequestStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async insert({ id, client, hash, payload, createdAt, expiresAt }: NewPushedRequest): Promise<void> {
    await this.database.run(INSERT_PUSHED_REQUEST, [id, client, hash, payload, createdAt, expiresAt]);
  }

  override async use(
    request: { readonly id: string; readonly hash: Buffer; readonly client: string },
    browser: Buffer,
    now: Date,
    boundUntil: Date,
  ): Promise<Buffer | undefined> {
    const values = [request.id, request.hash, request.client, browser, now, boundUntil];
    const [row] = await this.database.run<{ payload: Buffer }>(USE_PUSHED_REQUEST, values);
    return row?.payload;
  }
}

/** $1 id  $2 client  $3 hash  $4 payload  $5 now  $6 expires */
const INSERT_PUSHED_REQUEST = {
  name: 'insert_pushed_request',
  text: `
insert into pushed_request (id, client, secret_hash, payload, created_at, expires_at)
values ($1::uuid, $2::text, $3::bytea, $4::bytea, $5::timestamptz, $6::timestamptz)`,
};

/** $1 id  $2 hash  $3 client  $4 browser  $5 now  $6 bound until */
const USE_PUSHED_REQUEST = {
  name: 'use_pushed_request',
  text: `
update pushed_request set
  expires_at   = case when browser_hash is null then greatest(expires_at, $6::timestamptz) else expires_at end,
  browser_hash = $4::bytea
where id = $1::uuid and secret_hash = $2::bytea and client = $3::text and spent_at is null and expires_at > $5::timestamptz
  and (browser_hash is null or browser_hash = $4)
returning payload`,
};
