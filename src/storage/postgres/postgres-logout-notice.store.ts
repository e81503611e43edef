import { Injectable } from '@nestjs/common';
import { LogoutNoticeStore, type LogoutNotice } from '../logout-notice.store.js';
import { Database } from './database.js';

@Injectable()
export class PostgresLogoutNoticeStore extends LogoutNoticeStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async take(now: Date, limit: number, except: readonly string[] = []): Promise<LogoutNotice[]> {
    const taken = await this.database.run<NoticeRow>(TAKE_NOTICES, [now, limit, except]);
    const notices = taken.filter((notice): notice is LogoutNotice => notice.uri !== null);
    const pointless = taken.flatMap(({ id, uri }) => (uri === null ? [id] : []));
    if (pointless.length > 0) await this.database.run(DROP_NOTICES, [pointless]);
    // Those that were dropped must not hide the ones behind them.
    return notices.length === 0 && pointless.length > 0 ? this.take(now, limit, except) : notices;
  }

  override async done(id: string): Promise<void> {
    await this.database.run(DROP_NOTICES, [[id]]);
  }
}

type NoticeRow = Omit<LogoutNotice, 'uri'> & { readonly uri: string | null };

/** The pause before the next attempt: 10 s, doubled each time, an hour at most. $1 now  $2 limit  $3 clients left alone */
const TAKE_NOTICES = {
  name: 'take_notices',
  text: `
with due as (
  select n.id, n.client from logout_notice n
  where n.next_at <= $1::timestamptz and n.expires_at > $1 and n.client <> all ($3::text[])
  order by n.next_at limit $2::int for update skip locked
)
update logout_notice n set
  attempts = n.attempts + 1,
  next_at  = $1 + make_interval(secs => least(3600, 10 * power(2, n.attempts)))
from due left join client c on c.id = due.client and c.disabled_at is null
where n.id = due.id
returning n.id, n.client, c.backchannel_logout_uri as uri, n.subject, n.sid`,
};

const DROP_NOTICES = { name: 'drop_notices', text: `delete from logout_notice where id = any ($1::uuid[])` };
