import { Injectable } from '@nestjs/common';
import { SessionStore, type SessionRecord } from '../session.store.js';
import { Database } from './database.js';
import { GrantEndings } from './grant-endings.js';

@Injectable()
export class PostgresSessionStore extends SessionStore {
  constructor(
    private readonly database: Database,
    private readonly endings: GrantEndings,
  ) {
    super();
  }

  override async list(subject: string, now: Date): Promise<SessionRecord[]> {
    const rows = await this.database.run<SessionRow>(LIST_SESSIONS, [subject, now]);
    return rows.map((row) => ({
      sid: row.sid,
      subject,
      ...(row.client !== null && { client: row.client }),
      createdAt: row.created_at,
      lastSeenAt: row.last_seen_at,
      expiresAt: row.expires_at,
      ...(row.user_agent !== null && { userAgent: row.user_agent }),
      ...(row.address !== null && { address: row.address }),
    }));
  }

  override async end(subject: string, sid: string, now: Date): Promise<boolean> {
    const { browsers, grants } = await this.endings.end(subject, now, { onlySid: sid, spare: 'sessionless' });
    return browsers + grants > 0;
  }

  override async endOthers(subject: string, keepSid: string | undefined, now: Date): Promise<number> {
    const { grants } = await this.endings.end(subject, now, { ...(keepSid !== undefined && { keepSid }), spare: 'sessionless' });
    return grants;
  }
}

interface SessionRow {
  readonly sid: string;
  readonly client: string | null;
  readonly created_at: Date;
  readonly last_seen_at: Date;
  readonly expires_at: Date;
  readonly user_agent: string | null;
  readonly address: string | null;
}

/** Live sessions: a browser's until it expires, an app's while it has a grant that can be used. $1 subject  $2 now */
const LIST_SESSIONS = {
  name: 'list_sessions',
  text: `
with live as (
  select a.sid, max(a.rotated_at) as used_at, max(least(a.ends_at, a.expires_at)) as ends_at
  from authorizations a join client c on c.id = a.client and c.disabled_at is null and c.epoch = a.client_epoch
  where a.subject = $1::text and a.sid is not null and a.status = 1 and a.expires_at > $2::timestamptz and a.ends_at > $2
  group by a.sid
)
select s.sid, s.client, s.created_at, greatest(live.used_at, s.authenticated_at) as last_seen_at,
       case when s.client is null then s.expires_at else live.ends_at end as expires_at, s.user_agent, s.address
from sign_in_session s left join live using (sid)
where s.subject = $1 and s.ended_at is null and case when s.client is null then s.expires_at > $2 else live.sid is not null end
order by last_seen_at desc`,
};
