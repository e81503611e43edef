import { Injectable } from '@nestjs/common';
import { ConsentStore, type ConnectedApp } from '../consent.store.js';
import { ON_CONSENT_BEFORE } from './consent.sql.js';
import { Database } from './database.js';
import { GrantEndings } from './grant-endings.js';

@Injectable()
export class PostgresConsentStore extends ConsentStore {
  constructor(
    private readonly database: Database,
    private readonly endings: GrantEndings,
  ) {
    super();
  }

  override async find(subject: string, client: string): Promise<readonly string[] | undefined> {
    const [row] = await this.database.run<{ scopes: string[] }>(FIND_CONSENT, [subject, client]);
    return row?.scopes;
  }

  override async allow(subject: string, client: string, scopes: readonly string[], now: Date): Promise<void> {
    await this.database.run(ALLOW, [subject, client, scopes, now]);
  }

  override async list(subject: string, now: Date): Promise<ConnectedApp[]> {
    const rows = await this.database.run<ConnectedAppRow>(LIST_CONSENTS, [subject, now]);
    return rows.map((row) => ({
      client: row.client,
      displayName: row.display_name,
      scopes: row.scopes,
      grantedAt: row.granted_at,
      ...(row.last_used_at && { lastUsedAt: row.last_used_at }),
    }));
  }

  override withdraw(subject: string, client: string, now: Date): Promise<boolean> {
    return this.endings.transaction(now, async (runner) => {
      // The row first: whoever opens a grant shares its lock, so that grant is either refused or seen by the next statement.
      const withdrawn = (await runner.run(WITHDRAW, [subject, client])).length === 1;
      if (withdrawn) await this.endings.endOfClient(runner, subject, client, now);
      return withdrawn;
    });
  }
}

interface ConnectedAppRow {
  readonly client: string;
  readonly display_name: string;
  readonly scopes: string[];
  readonly granted_at: Date;
  readonly last_used_at: Date | null;
}

const FIND_CONSENT = { name: 'find_consent', text: `select scopes from consent where subject = $1::text and client = $2::text` };

/** $1 subject  $2 client  $3 scopes  $4 now */
const ALLOW = {
  name: 'allow',
  text: `
insert into consent as c (subject, client, scopes, granted_at) values ($1::text, $2::text, $3::text[], $4::timestamptz)
${ON_CONSENT_BEFORE}`,
};

const WITHDRAW = { name: 'withdraw', text: `delete from consent where subject = $1::text and client = $2::text returning client` };

/** $1 subject  $2 now */
const LIST_CONSENTS = {
  name: 'list_consents',
  text: `
select c.client, k.display_name, c.scopes, c.granted_at, max(a.rotated_at) as last_used_at
from consent c
join client k on k.id = c.client
left join authorizations a
  on a.subject = c.subject and a.client = c.client and a.status = 1 and a.client_epoch = k.epoch and a.expires_at > $2::timestamptz and a.ends_at > $2
where c.subject = $1::text
group by c.subject, c.client, k.display_name
order by c.granted_at desc, c.client`,
};
