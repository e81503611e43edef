import { Injectable } from '@nestjs/common';
import { LogoutNoticeStore, type LogoutNotice } from '../logout-notice.store.js';
import { Database } from './database.js';

@Injectable()
export class PostgresLogoutNoticeStore extends LogoutNoticeStore {
  constructor(private readonly database: Database) {
    super();
  }

  override take(now: Date, limit: number): Promise<LogoutNotice[]> {
    return this.database.run<LogoutNotice>(TAKE_NOTICES, [now, limit]);
  }

  override async done(id: string): Promise<void> {
    await this.database.run(NOTICE_DONE, [id]);
  }
}

/** The pause before the next attempt: 10 s, doubled each time, an hour at most. $1 now  $2 limit */
const TAKE_NOTICES = {
  name: 'take_notices',
  text: `
with due as (
  select n.id from logout_notice n
  where n.next_at <= $1::timestamptz and n.expires_at > $1
  order by n.next_at limit $2::int for update skip locked
)
update logout_notice n set
  attempts = n.attempts + 1,
  next_at  = $1 + make_interval(secs => least(3600, 10 * power(2, n.attempts)))
from due, client c
where n.id = due.id and c.id = n.client and c.backchannel_logout_uri is not null
returning n.id, n.client, c.backchannel_logout_uri as uri, n.subject, n.sid`,
};

const NOTICE_DONE = { name: 'notice_done', text: `delete from logout_notice where id = $1::uuid` };
