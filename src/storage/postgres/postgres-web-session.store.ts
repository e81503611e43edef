import { Injectable } from '@nestjs/common';
import {
  WebSessionStore,
  type NewWebSession,
  type RenamedWebSession,
  type WebSessionRecord,
  type WebSessionsOf,
} from '../web-session.store.js';
import { Database } from './database.js';

interface Row {
  readonly generation: number;
  readonly sealed: string;
  readonly forget_at: Date | null;
  readonly data: Readonly<Record<string, string>>;
  readonly leased_until: Date | null;
  readonly idle_until: Date;
}

interface IdRow {
  readonly id_hash: Buffer;
}

@Injectable()
export class PostgresWebSessionStore extends WebSessionStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async isThere(): Promise<boolean> {
    const [row] = await this.database.run<{ there: boolean }>(IS_THERE, []);
    return row?.there ?? false;
  }

  override async open({ id, issuer, subject, sid, sealed, createdAt, idleUntil, expiresAt }: NewWebSession): Promise<void> {
    await this.database.run(OPEN, [id, issuer, subject, sid ?? null, sealed, createdAt, idleUntil, expiresAt]);
  }

  override async find(id: Buffer, now: Date): Promise<WebSessionRecord | undefined> {
    const [row] = await this.database.run<Row>(FIND, [id, now]);
    return (
      row && {
        generation: row.generation,
        data: row.data,
        sealed: row.sealed,
        ...(row.forget_at && { forgetAt: row.forget_at }),
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

  override async keep(id: Buffer, name: string, sealed: string | undefined, now: Date): Promise<boolean> {
    return (await this.database.run(KEEP, [id, name, sealed ?? null, now])).length === 1;
  }

  override async rename(id: Buffer, holder: string, to: RenamedWebSession, now: Date): Promise<boolean> {
    return (await this.database.run(RENAME, [id, holder, to.id, to.sealed, to.data, to.dataBefore, now])).length === 1;
  }

  override async acknowledge(id: Buffer, generation: number, forgetAt: Date): Promise<void> {
    await this.database.run(ACKNOWLEDGE, [id, generation, forgetAt]);
  }

  override async touch(id: Buffer, idleUntil: Date): Promise<void> {
    await this.database.run(TOUCH, [id, idleUntil]);
  }

  override async live(ids: readonly Buffer[], now: Date): Promise<readonly Buffer[]> {
    return (await this.database.run<IdRow>(LIVE, [ids, now])).map(({ id_hash }) => id_hash);
  }

  override async end(id: Buffer): Promise<boolean> {
    return (await this.database.run(END, [id])).length === 1;
  }

  override async endAll({ issuer, createdBefore, subject, sid }: WebSessionsOf): Promise<readonly Buffer[]> {
    const rows = await this.database.run<IdRow>(END_ALL, [issuer, subject ?? null, sid ?? null, createdBefore]);
    return rows.map(({ id_hash }) => id_hash);
  }

  override async firstSeen(id: Buffer, until: Date): Promise<boolean> {
    return (await this.database.run(FIRST_SEEN, [id, until])).length === 1;
  }

  override async wasSeen(id: Buffer, now: Date): Promise<boolean> {
    return (await this.database.run(WAS_SEEN, [id, now])).length === 1;
  }

  override async prune(now: Date, most: number): Promise<number> {
    return (await this.database.run(PRUNE, [now, most])).length;
  }

  override async pruneSeen(now: Date, most: number): Promise<number> {
    return (await this.database.run(PRUNE_SEEN, [now, most])).length;
  }
}

/** The youngest of them. */
const IS_THERE = { name: 'web_sessions_are_there', text: `select to_regclass('web_session_logout_token') is not null as there` };

const OPEN = {
  name: 'open_web_session',
  text: `
insert into web_session (id_hash, issuer, subject, sid, sealed, created_at, idle_until, expires_at)
values ($1::bytea, $2::text, $3::text, $4::text, $5::text, $6::timestamptz, $7::timestamptz, $8::timestamptz)`,
};

const FIND = {
  name: 'find_web_session',
  text: `
select generation, data, sealed, forget_at, leased_until, idle_until
from web_session where id_hash = $1::bytea and idle_until > $2::timestamptz`,
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
  generation = generation + 1, sealed = $4::text, forget_at = null, lease_holder = null, leased_until = null
where id_hash = $1::bytea and generation = $2::int and lease_holder = $3::uuid and idle_until > $5::timestamptz
returning generation`,
};

/** $1 id  $2 name  $3 sealed  $4 now */
const KEEP = {
  name: 'keep_web_session_value',
  text: `
update web_session set data = case when $3::text is null then data - $2::text else data || jsonb_build_object($2, $3) end
where id_hash = $1::bytea and idle_until > $4::timestamptz
returning 1`,
};

/** $1 id  $2 holder  $3 new id  $4 sealed  $5 data  $6 data before  $7 now */
const RENAME = {
  name: 'rename_web_session',
  text: `
update web_session set id_hash = $3::bytea, sealed = $4::text, data = $5::jsonb, forget_at = null, lease_holder = null, leased_until = null
where id_hash = $1::bytea and lease_holder = $2::uuid and leased_until > $7::timestamptz and data = $6::jsonb and idle_until > $7
returning 1`,
};

/** The first time counts: a browser shows it again and again. */
const ACKNOWLEDGE = {
  name: 'acknowledge_web_session',
  text: `
update web_session set forget_at = $3::timestamptz
where id_hash = $1::bytea and generation = $2::int and forget_at is null`,
};

const TOUCH = {
  name: 'touch_web_session',
  text: `update web_session set idle_until = least($2::timestamptz, expires_at) where id_hash = $1::bytea and idle_until < least($2, expires_at)`,
};

const LIVE = {
  name: 'live_web_sessions',
  text: `select id_hash from web_session where id_hash = any($1::bytea[]) and idle_until > $2::timestamptz`,
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

const FIRST_SEEN = {
  name: 'first_seen_logout_token',
  text: `insert into web_session_logout_token values ($1::bytea, $2::timestamptz) on conflict do nothing returning 1`,
};

const WAS_SEEN = {
  name: 'was_seen_logout_token',
  text: `select 1 from web_session_logout_token where id_hash = $1::bytea and expires_at > $2::timestamptz`,
};

const PRUNE = {
  name: 'prune_web_sessions',
  text: `
delete from web_session where id_hash in (
  select id_hash from web_session where idle_until <= $1::timestamptz limit $2::int for update skip locked
)
returning 1`,
};

const PRUNE_SEEN = {
  name: 'prune_logout_tokens',
  text: `
delete from web_session_logout_token where id_hash in (
  select id_hash from web_session_logout_token where expires_at <= $1::timestamptz limit $2::int for update skip locked
)
returning 1`,
};
