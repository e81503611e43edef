import pg from 'pg';
import { ClientDirectory } from '../../src/issuance/clients/client-directory.js';
import type { EffectiveSettings } from '../../src/issuance/clients/client-policy.js';
import { IssuanceEvents } from '../../src/issuance/issuance-events.js';
import type { IssuanceOptions } from '../../src/issuance/issuance.options.js';
import { KeyRing } from '../../src/issuance/keys/key-ring.js';
import { KEY_RELOAD_SECONDS } from '../../src/issuance/keys/key-rotation.js';
import { PresentedTokens } from '../../src/issuance/tokens/presented-tokens.js';
import { parseTokenId, type EntryKey } from '../../src/protocol/entry-key.js';
import { parseToken } from '../../src/protocol/token-string.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { referenceTokenClaims } from '../../src/storage/reference-token-claims.js';
import { TokenEntryStore } from '../../src/storage/token-entry.store.js';
import { basic, FORM } from '../bad-input/support/bad-input.js';
import type { TestClient } from '../support/clients.js';
import { startService, type TestService, type TestServiceOptions } from '../support/service-app.js';
import type { TestClock } from '../support/test-clock.js';
import type { Asked, ModelClient } from './chain-model.js';
import { Company } from './company.js';

export interface Answer {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the model asserts what is in it
  readonly body: any;
}

/** A chain's rows, with the transactions that wrote them: two equal snapshots mean that nothing was written, not even the same again. */
export interface ChainRows {
  readonly held: { version: string; generation: number; status: number; rotated_at: string; [column: string]: unknown } | null;
  readonly entries: { version: string; type: number; number: string; bucket: number; expires_at: string; revoked_at: string | null }[];
  readonly family_logs: number;
  readonly access_logs: number;
}

export interface Instance {
  readonly service: TestService;
  readonly defaults: Omit<EffectiveSettings, 'rotation'>;
  /** Chains that emitted an event, since they were last looked at. */
  readonly retries: string[];
  readonly reuses: string[];
}

const DEFAULTS = {
  accessTokenLifetime: 900,
  refreshTokenLifetime: 14 * 86_400,
  chainLifetime: 180 * 86_400,
  referenceAccessTokens: false,
  referenceRefreshTokens: true,
  leeway: 30,
  accessTokenAlgorithm: 'ES256',
  idTokenAlgorithm: 'RS256',
} as const;
/** The second instance was configured otherwise: a retry there must still repeat what the first one wrote. */
const OTHERWISE = {
  ...DEFAULTS,
  accessTokenLifetime: 600,
  refreshTokenLifetime: 7 * 86_400,
  referenceAccessTokens: true,
  referenceRefreshTokens: false,
} as const;

type Pairs = readonly (readonly [string, string])[];

/** Two real instances on one database and one clock, and a look at the rows beside them. */
export class World {
  private reloadedAt = 0;
  /** Who asks beside the model, if anybody does. */
  company: Company | undefined;

  private constructor(
    readonly instances: readonly [Instance, Instance],
    private readonly database: pg.Client,
  ) {}

  /** @param concurrency how many ask at a time, the model included */
  static async open(concurrency = 1): Promise<World> {
    const options = (more: Omit<Partial<IssuanceOptions>, 'grants'>): TestServiceOptions => ({
      issuance: { ...more, pruning: false, tokenRequestsPerMinute: 0 },
    });
    const one = await startService(options({}));
    const two = await startService({ ...options(OTHERWISE), beside: one });
    const database = new pg.Client({ connectionString: one.database.url });
    await database.connect();
    const world = new World([instance(one, DEFAULTS), instance(two, OTHERWISE)], database);
    if (concurrency > 1) world.company = await Company.of(concurrency - 1, world);
    return world;
  }

  async close(): Promise<void> {
    await this.database.end();
    await this.instances[1].service.close();
    await this.instances[0].service.close();
  }

  /** Moves the time of both instances, which read their keys anew as often as their timers would make them. */
  async advance(seconds: number): Promise<void> {
    this.clock.advance(seconds);
    if (this.now() - this.reloadedAt >= KEY_RELOAD_SECONDS * 1000) await this.reloadKeys();
  }

  async reloadKeys(): Promise<void> {
    for (const { service } of this.instances) await service.get(KeyRing).reload();
    this.reloadedAt = this.now();
  }

  get clock(): TestClock {
    return this.instances[0].service.clock;
  }

  now(): number {
    return this.clock.now().getTime();
  }

  get<T>(provider: abstract new (...args: never[]) => T, at: 0 | 1 = 0): T {
    return this.instances[at].service.get(provider);
  }

  /** What holds for the client on this instance. */
  settings(client: ModelClient, at: 0 | 1): EffectiveSettings {
    return { ...this.instances[at].defaults, rotation: client.role === 'public', ...client.overrides };
  }

  async update(client: ModelClient): Promise<void> {
    const record = await this.get(ClientStore).find(client.id);
    if (!record) throw new Error(`client ${client.id} is missing`);
    await this.get(ClientStore).update({ ...record, settings: client.overrides }, this.clock.now());
    for (const at of [0, 1] as const) await this.get(ClientDirectory, at).read(client.id);
  }

  refresh(at: 0 | 1, client: TestClient, token: string, asked: Asked): Promise<Answer> {
    return this.form(at, '/connect/token', client, [
      ['grant_type', 'refresh_token'],
      ['refresh_token', token],
      ...(asked.scopes ? [['scope', asked.scopes.join(' ')] as const] : []),
      ...(asked.resources ?? []).map((resource) => ['resource', resource] as const),
    ]);
  }

  revoke(at: 0 | 1, client: TestClient, token: string): Promise<Answer> {
    return this.form(at, '/connect/revoke', client, [['token', token]]);
  }

  async isActive(at: 0 | 1, caller: TestClient, token: string): Promise<boolean> {
    const { status, body } = await this.form(at, '/connect/introspect', caller, [['token', token]]);
    expect(status).toBe(200);
    if (!body.active) expect(body).toEqual({ active: false });
    return body.active as boolean;
  }

  /** What the model asks, and the company beside it. */
  private async form(at: 0 | 1, url: string, client: TestClient, pairs: Pairs): Promise<Answer> {
    const [answer] = await Promise.all([this.send(at, url, client, pairs), this.company?.ask(at)]);
    return answer;
  }

  async send(at: 0 | 1, url: string, client: TestClient, pairs: Pairs): Promise<Answer> {
    const form = new URLSearchParams([...pairs] as [string, string][]);
    if (client.secret === undefined) form.append('client_id', client.id);
    const headers = { ...FORM, ...(client.secret !== undefined && { authorization: basic(client) }) };
    const answer = await this.instances[at].service.app.inject({ method: 'POST', url, headers, payload: form.toString() });
    return { status: answer.statusCode, body: answer.json() };
  }

  /** The claims of an access token in either format, as a resource server would read them. */
  async accessClaims(token: string): Promise<{ key: EntryKey; claims: Record<string, unknown> }> {
    const reference = parseToken(token);
    const record = reference && (await this.get(TokenEntryStore).find(reference.key, this.clock.now()));
    const claims = reference
      ? { ...(record && referenceTokenClaims(reference, record, this.instances[0].service.issuer)) }
      : (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>);
    const key = parseTokenId(String((claims as Record<string, unknown>)['jti']));
    if (!key) throw new Error('the access token has no readable jti');
    if (reference) expect(key).toEqual(reference.key);
    return { key, claims };
  }

  /** Where the row of a refresh token lives, whatever its format. */
  async linkKey(token: string): Promise<EntryKey> {
    const presented = await this.get(PresentedTokens).refreshToken(token);
    if (!presented || !('key' in presented)) throw new Error('the refresh token cannot be read');
    return presented.key;
  }

  async rows(chainId: string): Promise<ChainRows> {
    const { rows } = await this.database.query<ChainRows>({ name: 'chain_rows', text: CHAIN_ROWS, values: [chainId] });
    if (!rows[0]) throw new Error('no row');
    return rows[0];
  }

  /** The status view, by its own definition, judged at the test's time instead of the database's. */
  async statusView(chainIds: readonly string[]): Promise<Map<string, string>> {
    const definition = await this.database.query<{ text: string }>(`select pg_get_viewdef('token_entries') as text`);
    const text = (definition.rows[0]?.text ?? '').replaceAll('now()', '$1::timestamptz').replace(/;\s*$/, '');
    const { rows } = await this.database.query<{ id: string; status: string }>(
      `select concat_ws('/', type, bucket, authorization_id, number) as id, status from (${text}) v where authorization_id = any($2::uuid[])`,
      [this.clock.now(), chainIds],
    );
    return new Map(rows.map((row) => [row.id, row.status]));
  }
}

const TYPE_NAMES: Record<number, string> = { 3: 'refresh_token', 4: 'access_token' };
/** As `statusView` names an entry. */
export const entryName = (key: EntryKey): string => `${TYPE_NAMES[key.type]}/${key.bucket}/${key.authorizationId}/${key.number}`;

const CHAIN_ROWS = `
select (select to_jsonb(a) || jsonb_build_object('version', a.xmin::text) from authorizations a where id = $1::uuid) as held,
       (select coalesce(jsonb_agg(jsonb_build_object('version', e.xmin::text, 'type', type, 'number', number::text, 'bucket', bucket, 'expires_at', expires_at,
               'created_at', created_at, 'revoked_at', revoked_at, 'hash', encode(secret_hash, 'hex'), 'payload', encode(payload, 'hex'))
               order by type, number, bucket), '[]')
        from token_entry e where authorization_id = $1) as entries,
       (select count(*)::int from revocation_log where kind = 2 and key = uuid_send($1)) as family_logs,
       (select count(*)::int from revocation_log where kind = 1 and substring(key from 5 for 16) = uuid_send($1)) as access_logs`;

function instance(service: TestService, defaults: Instance['defaults']): Instance {
  const retries: string[] = [];
  const reuses: string[] = [];
  const events = service.get(IssuanceEvents);
  events.on('refresh.retry', ({ authorizationId }) => retries.push(authorizationId));
  events.on('refresh.reuse', ({ authorizationId }) => reuses.push(authorizationId));
  return { service, defaults, retries, reuses };
}
