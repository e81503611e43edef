import { Injectable } from '@nestjs/common';
import { WebSessionStore, type NewWebSession, type WebSessionRecord, type WebSessionsOf } from '../web-session.store.js';
import { Database } from './database.js';

interface Row {
  readonly generation: number;
  readonly version: number;
  readonly sealed: string | null;
  readonly leased_until: Date | null;
  readonly idle_until: Date;
}

@Injectable()
export class PostgresWebSessionStore extends WebSessionStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async open({ id, issuer, subject, sid, sealed, createdAt, idleUntil, expiresAt }: NewWebSession): Promise<void> {
    await this.database.run(OPEN, [id, issuer, subject, sid ?? null, sealed ?? null, createdAt, idleUntil, expiresAt]);
  }

  override async find(id: Buffer, now: Date): Promise<WebSessionRecord | undefined> {
    const [row] = await this.database.run<Row>(FIND, [id, now]);
    return (
      row && {
        generation: row.generation,
        version: row.version,
        ...(row.sealed !== null && { sealed: row.sealed }),
        ...(row.leased_until && { leasedUntil: row.leased_until }),
        idleUntil: row.idle_until,
      }
    );
  }

  override async lease(id: Buffer, generation: number, holder: string, now: Date, until: Date): Promise<boolean> {
    return (await this.database.run(LEASE, [id, generation, holder, now, until])).length === 1;
  }

  override async release(id: Buffer, holder: string): Promise<void> {
    await this.database.run(RELEASE, [id, holder]);
  }

  override async advance(id: Buffer, generation: number, holder: string, sealed: string, now: Date): Promise<boolean> {
    return (await this.database.run(ADVANCE, [id, generation, holder, sealed, now])).length === 1;
  }

  override async write(id: Buffer, version: number, sealed: string, now: Date): Promise<boolean> {
    return (await this.database.run(WRITE, [id, version, sealed, now])).length === 1;
  }

  override async acknowledge(id: Buffer, generation: number, forgetAt: Date): Promise<void> {
    await this.database.run(ACKNOWLEDGE, [id, generation, forgetAt]);
  }

  override async touch(id: Buffer, idleUntil: Date): Promise<void> {
    await this.database.run(TOUCH, [id, idleUntil]);
  }

  override async end(id: Buffer): Promise<boolean> {
    return (await this.database.run(END, [id])).length === 1;
  }

  override async endAll({ issuer, createdBefore, subject, sid }: WebSessionsOf): Promise<number> {
    return (await this.database.run(END_ALL, [issuer, subject ?? null, sid ?? null, createdBefore])).length;
  }

  override async prune(now: Date, most: number): Promise<number> {
    return (await this.database.run(PRUNE, [now, most])).length;
  }
}

const OPEN = {
  name: 'open_web_session',
  text: `
insert into web_session (id_hash, issuer, subject, sid, sealed, created_at, idle_until, expires_at)
values ($1::bytea, $2::text, $3::text, $4::text, $5::text, $6::timestamptz, $7::timestamptz, $8::timestamptz)`,
};

/** What the browser has been seen to have is not handed out any more, once its time is over. */
const FIND = {
  name: 'find_web_session',
  text: `
select generation, version, case when forget_at <= $2::timestamptz then null else sealed end as sealed, leased_until, idle_until
from web_session where id_hash = $1::bytea and idle_until > $2`,
};

/** $1 id  $2 generation  $3 holder  $4 now  $5 until */
const LEASE = {
  name: 'lease_web_session',
  text: `
update web_session set lease_holder = $3::uuid, leased_until = $5::timestamptz
where id_hash = $1::bytea and generation = $2::int and idle_until > $4::timestamptz
  and (leased_until is null or leased_until <= $4 or lease_holder = $3)
returning generation`,
};

const RELEASE = {
  name: 'release_web_session',
  text: `update web_session set lease_holder = null, leased_until = null where id_hash = $1::bytea and lease_holder = $2::uuid`,
};

/** $1 id  $2 generation  $3 holder  $4 sealed  $5 now */
const ADVANCE = {
  name: 'advance_web_session',
  text: `
update web_session set
  generation = generation + 1, version = version + 1, sealed = $4::text, forget_at = null, lease_holder = null, leased_until = null
where id_hash = $1::bytea and generation = $2::int and lease_holder = $3::uuid and idle_until > $5::timestamptz
returning generation`,
};

const WRITE = {
  name: 'write_web_session',
  text: `
update web_session set version = version + 1, sealed = $3::text, forget_at = null
where id_hash = $1::bytea and version = $2::int and idle_until > $4::timestamptz
returning version`,
};

/** The first time counts: a browser shows it again and again. */
const ACKNOWLEDGE = {
  name: 'acknowledge_web_session',
  text: `
update web_session set forget_at = $3::timestamptz
where id_hash = $1::bytea and generation = $2::int and sealed is not null and forget_at is null`,
};

const TOUCH = {
  name: 'touch_web_session',
  text: `update web_session set idle_until = least($2::timestamptz, expires_at) where id_hash = $1::bytea and idle_until < least($2, expires_at)`,
};

const END = { name: 'end_web_session', text: `delete from web_session where id_hash = $1::bytea returning id_hash` };

/** $1 issuer  $2 subject  $3 sid  $4 created before */
const END_ALL = {
  name: 'end_web_sessions',
  text: `
delete from web_session
where issuer = $1::text and ($2::text is null or subject = $2) and ($3::text is null or sid = $3) and ($2 is not null or $3 is not null) and created_at < $4::timestamptz
returning id_hash`,
};

const PRUNE = {
  name: 'prune_web_sessions',
  text: `
delete from web_session where id_hash in (
  select id_hash from web_session where idle_until <= $1::timestamptz limit $2::int for update skip locked
)
returning 1`,
};
