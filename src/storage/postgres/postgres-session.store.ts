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
      client: row.client,
      createdAt: row.created_at,
      lastSeenAt: row.last_seen_at,
      expiresAt: row.expires_at,
      ...(row.user_agent !== null && { userAgent: row.user_agent }),
      ...(row.address !== null && { address: row.address }),
    }));
  }

  override async end(subject: string, sid: string, now: Date): Promise<boolean> {
    return (await this.endings.end(subject, now, { onlySid: sid, withoutSession: false })) > 0;
  }

  override endOthers(subject: string, keepSid: string | undefined, now: Date): Promise<number> {
    return this.endings.end(subject, now, { ...(keepSid !== undefined && { keepSid }), withoutSession: false });
  }
}

interface SessionRow {
  readonly sid: string;
  readonly client: string;
  readonly created_at: Date;
  readonly last_seen_at: Date;
  readonly expires_at: Date;
  readonly user_agent: string | null;
  readonly address: string | null;
}

/** Live sessions: those not ended that still have a grant which can be used. $1 subject  $2 now */
const LIST_SESSIONS = {
  name: 'list_sessions',
  text: `
select s.sid, s.client, s.created_at, max(a.rotated_at) as last_seen_at, max(least(a.ends_at, a.expires_at)) as expires_at, s.user_agent, s.address
from sign_in_session s
join authorizations a on a.sid = s.sid and a.status = 1 and a.expires_at > $2::timestamptz and a.ends_at > $2
join client c on c.id = a.client and c.disabled_at is null and c.epoch = a.client_epoch
where s.subject = $1::text and s.ended_at is null
group by s.sid
order by max(a.rotated_at) desc`,
};
