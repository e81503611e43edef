import { Injectable } from '@nestjs/common';
import { BrowserSessionStore, type BrowserSessionRecord, type ProvenSignIn } from '../browser-session.store.js';
import { Database } from './database.js';
import { GrantEndings } from './grant-endings.js';

@Injectable()
export class PostgresBrowserSessionStore extends BrowserSessionStore {
  constructor(
    private readonly database: Database,
    private readonly endings: GrantEndings,
  ) {
    super();
  }

  override async open(signIn: ProvenSignIn): Promise<boolean> {
    return (await this.database.run(OPEN_BROWSER_SESSION, valuesOf(signIn))).length === 1;
  }

  override async renew(signIn: ProvenSignIn, knownBy: Buffer): Promise<boolean> {
    return (await this.database.run(RENEW_BROWSER_SESSION, [...valuesOf(signIn), knownBy])).length === 1;
  }

  override async find(sid: string, now: Date): Promise<BrowserSessionRecord | undefined> {
    const [row] = await this.database.run<BrowserSessionRow>(FIND_BROWSER_SESSION, [sid, now]);
    return (
      row && {
        sid: row.sid,
        subject: row.subject,
        hash: row.secret_hash,
        createdAt: row.created_at,
        authenticatedAt: row.authenticated_at,
        expiresAt: row.expires_at,
        amr: row.amr,
      }
    );
  }

  override async signOut(subject: string, sid: string, now: Date): Promise<boolean> {
    return (await this.endings.end(subject, now, { onlySid: sid, spare: 'connected-apps' })).browsers > 0;
  }
}

interface BrowserSessionRow {
  readonly sid: string;
  readonly subject: string;
  readonly secret_hash: Buffer;
  readonly created_at: Date;
  readonly authenticated_at: Date;
  readonly expires_at: Date;
  readonly amr: string[];
}

const valuesOf = (signIn: ProvenSignIn): unknown[] => [
  signIn.sid,
  signIn.subject,
  signIn.credentialVersion ?? null,
  signIn.hash,
  signIn.authenticatedAt,
  signIn.expiresAt,
  signIn.amr,
  signIn.userAgent ?? null,
  signIn.address ?? null,
];

/** The person's row is locked as when a grant is opened: whatever ends the person's sessions either is seen here or sees this one. */
const PERSON = `
with person as (
  select id from users
  where id = case when $3::int is not null then $2::text::uuid end and disabled_at is null and credential_version = $3
  for share
)`;

/** $1 sid  $2 subject  $3 credential version or null  $4 hash  $5 authenticated  $6 expires  $7 amr  $8 user agent  $9 address */
const OPEN_BROWSER_SESSION = {
  name: 'open_browser_session',
  text: `${PERSON}
insert into sign_in_session (sid, subject, secret_hash, created_at, authenticated_at, expires_at, amr, user_agent, address)
select $1::uuid, $2::text, $4::bytea, $5::timestamptz, $5, $6::timestamptz, $7::text[], $8::text, $9::text
where $3 is null or exists (select from person)
returning sid`,
};

/** The same, $10 the hash it was known by. */
const RENEW_BROWSER_SESSION = {
  name: 'renew_browser_session',
  text: `${PERSON}
update sign_in_session set secret_hash = $4::bytea, authenticated_at = $5::timestamptz, expires_at = $6::timestamptz, amr = $7::text[],
       user_agent = $8::text, address = $9::text
where sid = $1::uuid and subject = $2 and secret_hash = $10::bytea and ended_at is null and expires_at > $5
  and ($3 is null or exists (select from person))
returning sid`,
};

/** $1 sid  $2 now */
const FIND_BROWSER_SESSION = {
  name: 'find_browser_session',
  text: `
select sid, subject, secret_hash, created_at, authenticated_at, expires_at, amr from sign_in_session
where sid = $1::uuid and client is null and ended_at is null and expires_at > $2::timestamptz`,
};
