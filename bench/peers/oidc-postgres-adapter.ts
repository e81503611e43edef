import type { Adapter, AdapterPayload } from 'oidc-provider';
import type pg from 'pg';

/** One row for each instance of a model: an access token, a refresh token, a grant, a session … */
export const OIDC_MODEL_TABLE = `
create table oidc_model (
  model text not null,
  id text not null,
  payload json not null,
  grant_id text,
  user_code text,
  uid text,
  expires_at timestamptz,
  consumed_at timestamptz,
  primary key (model, id)
);
create index on oidc_model (grant_id) where grant_id is not null;
create index on oidc_model (user_code) where user_code is not null;
create index on oidc_model (uid) where uid is not null;`;

const UPSERT = `
insert into oidc_model (model, id, payload, grant_id, user_code, uid, expires_at)
values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))
on conflict (model, id) do update set
  payload = excluded.payload, grant_id = excluded.grant_id, user_code = excluded.user_code, uid = excluded.uid, expires_at = excluded.expires_at`;
const FIND = `
select payload, consumed_at from oidc_model
where model = $1 and KEY = $2 and (expires_at is null or expires_at > now())`;

interface Row {
  readonly payload: AdapterPayload;
  readonly consumed_at: Date | null;
}

/** Storage of `oidc-provider` on Postgres, by prepared statements, one for each call. */
export class OidcPostgresAdapter implements Adapter {
  constructor(
    private readonly model: string,
    private readonly pool: pg.Pool,
  ) {}

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const { grantId = null, userCode = null, uid = null } = payload;
    await this.run('upsert', UPSERT, [id, JSON.stringify(payload), grantId, userCode, uid, expiresIn ?? null]);
  }

  find(id: string): Promise<AdapterPayload | undefined> {
    return this.findBy('id', id);
  }

  findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.findBy('user_code', userCode);
  }

  findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.findBy('uid', uid);
  }

  async consume(id: string): Promise<void> {
    await this.run('consume', 'update oidc_model set consumed_at = now() where model = $1 and id = $2', [id]);
  }

  async destroy(id: string): Promise<void> {
    await this.run('destroy', 'delete from oidc_model where model = $1 and id = $2', [id]);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.run('revoke', 'delete from oidc_model where model = $1 and grant_id = $2', [grantId]);
  }

  private async findBy(key: 'id' | 'user_code' | 'uid', value: string): Promise<AdapterPayload | undefined> {
    const [row] = await this.run(`find-by-${key}`, FIND.replace('KEY', key), [value]);
    return row && (row.consumed_at ? { ...row.payload, consumed: true } : row.payload);
  }

  private async run(name: string, text: string, values: readonly unknown[]): Promise<Row[]> {
    return (await this.pool.query<Row>({ name, text, values: [this.model, ...values] })).rows;
  }
}
