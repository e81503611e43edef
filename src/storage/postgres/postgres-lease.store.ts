import { Injectable } from '@nestjs/common';
import { LeaseStore } from '../lease.store.js';
import { Database } from './database.js';

@Injectable()
export class PostgresLeaseStore extends LeaseStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async take(name: string, holder: string, now: Date, seconds: number): Promise<boolean> {
    return (await this.database.run(TAKE_LEASE, [name, holder, now, seconds])).length === 1;
  }

  override async release(name: string, holder: string): Promise<void> {
    await this.database.run(RELEASE_LEASE, [name, holder]);
  }
}

const TAKE_LEASE = {
  name: 'take_lease',
  text: `
insert into lease (name, holder, until) values ($1::text, $2::text, $3::timestamptz + make_interval(secs => $4::float8))
on conflict (name) do update set holder = excluded.holder, until = excluded.until
where lease.holder = excluded.holder or lease.until <= $3
returning 1`,
};

const RELEASE_LEASE = { name: 'release_lease', text: `delete from lease where name = $1::text and holder = $2::text` };
