import { Injectable } from '@nestjs/common';
import {
  DeviceRequestStore,
  type DeviceApproval,
  type DeviceRequestRecord,
  type NewDeviceRequest,
  type PolledDeviceRequest,
} from '../device-request.store.js';
import { ON_CONSENT_BEFORE } from './consent.sql.js';
import { Database } from './database.js';

@Injectable()
export class PostgresDeviceRequestStore extends DeviceRequestStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async insert(request: NewDeviceRequest): Promise<boolean> {
    const { id, client, scopes, resources, hash, userCodeHash, interval, createdAt, expiresAt } = request;
    const values = [id, client, scopes, resources, hash, interval, createdAt, expiresAt, userCodeHash];
    return (await this.database.run(INSERT_DEVICE_REQUEST, values)).length === 1;
  }

  override async poll(
    { id, hash }: { readonly id: string; readonly hash: Buffer },
    client: string,
    now: Date,
  ): Promise<PolledDeviceRequest | undefined> {
    const [row] = await this.database.run<PolledRow>(POLL_DEVICE_REQUEST, [id, hash, client, now]);
    return (
      row && {
        ...toRecord(row),
        status: row.expired ? 'expired' : (STATUSES[row.status] ?? 'expired'),
        tooSoon: row.too_soon,
        ...(row.subject !== null && {
          approval: {
            subject: row.subject,
            claims: row.claims,
            ...(row.credential_version !== null && { credentialVersion: row.credential_version }),
          },
        }),
      }
    );
  }

  override async findPending(userCodeHash: Buffer, now: Date): Promise<DeviceRequestRecord | undefined> {
    const [row] = await this.database.run<DeviceRequestRow>(FIND_PENDING_DEVICE_REQUEST, [userCodeHash, now]);
    return row && toRecord(row);
  }

  override async decide(id: string, approval: DeviceApproval | undefined, now: Date): Promise<boolean> {
    const values = [id, approval?.subject ?? null, approval?.credentialVersion ?? null, JSON.stringify(approval?.claims ?? {}), now];
    return (await this.database.run(DECIDE_DEVICE_REQUEST, values)).length === 1;
  }
}

interface DeviceRequestRow {
  readonly id: string;
  readonly client: string;
  readonly scopes: string[];
  readonly resources: string[];
  readonly expires_at: Date;
}

interface PolledRow extends DeviceRequestRow {
  readonly status: number;
  readonly expired: boolean;
  readonly too_soon: boolean;
  readonly subject: string | null;
  readonly credential_version: number | null;
  readonly claims: Record<string, unknown>;
}

const STATUSES: Readonly<Record<number, PolledDeviceRequest['status']>> = { 1: 'pending', 2: 'approved', 3: 'denied', 4: 'redeemed' };

const toRecord = ({ id, client, scopes, resources, expires_at: expiresAt }: DeviceRequestRow): DeviceRequestRecord => ({
  id,
  client,
  scopes,
  resources,
  expiresAt,
});

/** An expired user code makes room. $1 id  $2 client  $3 scopes  $4 resources  $5 hash  $6 interval  $7 now  $8 expires  $9 hash of the user code */
const INSERT_DEVICE_REQUEST = {
  name: 'insert_device_request',
  text: `
with code as (
  insert into user_code as u (code_hash, request_id, expires_at) values ($9::bytea, $1::uuid, $8::timestamptz)
  on conflict (code_hash) do update set request_id = excluded.request_id, expires_at = excluded.expires_at where u.expires_at <= $7::timestamptz
  returning request_id
)
insert into device_request (id, client, scopes, resources, secret_hash, poll_interval, created_at, expires_at)
select request_id, $2::text, $3::text[], $4::text[], $5::bytea, $6::int, $7, $8 from code
returning id`,
};

/** RETURNING sees the new row: whether it was too soon shows in the interval. $1 id  $2 hash  $3 client  $4 now */
const POLL_DEVICE_REQUEST = {
  name: 'poll_device_request',
  text: `
with before as (
  select id, poll_interval from device_request where id = $1::uuid and secret_hash = $2::bytea and client = $3::text for no key update
)
update device_request d set
  polled_at     = $4::timestamptz,
  poll_interval = d.poll_interval + case when d.polled_at > $4 - make_interval(secs => d.poll_interval) then 5 else 0 end
from before
where d.id = before.id
returning d.id, d.client, d.scopes, d.resources, d.expires_at, d.status, d.expires_at <= $4 as expired, d.poll_interval > before.poll_interval as too_soon,
          d.subject, d.credential_version, d.claims`,
};

/** $1 hash of the user code  $2 now */
const FIND_PENDING_DEVICE_REQUEST = {
  name: 'find_pending_device_request',
  text: `
select d.id, d.client, d.scopes, d.resources, d.expires_at
from user_code u join device_request d on d.id = u.request_id
where u.code_hash = $1::bytea and d.status = 1 and d.expires_at > $2::timestamptz`,
};

/** $1 id  $2 subject or null (denied)  $3 credential version or null  $4 claims  $5 now */
const DECIDE_DEVICE_REQUEST = {
  name: 'decide_device_request',
  text: `
with decided as (
  update device_request set status = case when $2::text is null then 3 else 2 end, subject = $2, credential_version = $3::int, claims = $4::jsonb
  where id = $1::uuid and status = 1 and expires_at > $5::timestamptz
  returning id, client, subject, scopes
), spent as (
  delete from user_code u using decided where u.request_id = decided.id
), allowed as (
  insert into consent as c (subject, client, scopes, granted_at)
  select subject, client, scopes, $5 from decided where subject is not null
  ${ON_CONSENT_BEFORE}
)
select id from decided`,
};
