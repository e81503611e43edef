import { once } from 'node:events';
import { connect } from 'node:net';
import { Followers } from '../../src/issuance/revocations/followers.js';
import { ClientStore } from '../../src/storage/client.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { confidentialClient, publicClient } from '../support/clients.js';
import { seeChanges } from '../support/configuration.js';
import { exchange } from '../support/exchange.js';
import { onServer } from '../support/on-server.js';
import { PersonGrant } from '../support/person-grant.js';
import { ProtocolClient } from '../support/protocol-client.js';
import { startService, type TestService, type TestServiceOptions } from '../support/service-app.js';
import { FEED, FeedClient, SCOPE, SNAPSHOT, tokenOf } from './support/feed-client.js';

let service: TestService;
let follower: FeedClient;
let cursor: string;
beforeAll(async () => {
  service = await startService({ issuance: { grants: [PersonGrant] } });
  follower = await FeedClient.at(service);
  cursor = await follower.cursor();
});
afterAll(() => service.close());

async function withInstance(issuance: TestServiceOptions['issuance'], work: (instance: TestService) => Promise<void>): Promise<void> {
  const instance = await startService({ beside: service, ...(issuance && { issuance }) });
  try {
    await work(instance);
  } finally {
    await instance.close();
  }
}

const encoded = (text: string): string => Buffer.from(text).toString('base64url');
const decoded = (text: string): string => Buffer.from(text, 'base64url').toString();
const snapshotWith = (bearer?: string) => new ProtocolClient(service.url).json('GET', SNAPSHOT, undefined, bearer);

describe('Who may follow', () => {
  const revoked = async (): Promise<string> => {
    const { client, token } = await FeedClient.at(service);
    await new ProtocolClient(service.url, client).revoke(token);
    return token;
  };
  const expired = async (): Promise<string> => {
    const { token } = await FeedClient.at(service, confidentialClient().withSettings({ accessTokenLifetime: 1 }));
    service.clock.advance(2);
    return token;
  };
  const ofDisabled = async (): Promise<string> => {
    const { client, token } = await FeedClient.at(service);
    await service.get(ClientStore).setEnabled(client.id, false, service.clock.now());
    return token;
  };
  const unscoped = async (): Promise<string> => tokenOf(service, await confidentialClient().withScopes(SCOPE).register(service), '');
  /** A person let an app have the scope. */
  const ofPerson = async (): Promise<string> => {
    const app = await publicClient()
      .withPermissions({ grantTypes: [PersonGrant.type, 'refresh_token'], scopes: [SCOPE, 'offline_access'] })
      .register(service);
    const form = { grant_type: PersonGrant.type, subject: 'ada', scope: `${SCOPE} offline_access` };
    const { body } = await new ProtocolClient(service.url, app).token(form);
    expect(body.scope ?? form.scope).toContain(SCOPE);
    return body.access_token;
  };

  it.each([
    ['no token', async () => undefined, 401, undefined],
    ['something else', async () => 'x', 401, 'invalid_token'],
    ['an expired one', expired, 401, 'invalid_token'],
    ['a revoked one', revoked, 401, 'invalid_token'],
    ['that of a disabled client', ofDisabled, 401, 'invalid_token'],
    ['one without the scope', unscoped, 403, 'insufficient_scope'],
    ['one that a person gave an app, with the scope', ofPerson, 403, 'insufficient_scope'],
  ])('%s is refused', async (_name, make, status, error) => {
    const token = await make();
    for (const [path, headers] of [
      [SNAPSHOT, {}],
      [`${FEED}?after=${cursor}`, {}],
      [FEED, { accept: 'text/event-stream', 'last-event-id': cursor }],
      [FEED, {}],
    ] as const) {
      const answer = await new ProtocolClient(service.url).send(path, {
        headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      });
      expect([answer.status, answer.body.error, answer.headers.get('cache-control')]).toEqual([status, error, 'no-store']);
      const challenge = answer.headers.get('www-authenticate') ?? '';
      if (error === undefined) expect(challenge).toBe('Bearer');
      else expect(challenge).toContain(`Bearer error="${error}"`);
      if (status === 403) expect(challenge).toContain(`scope="${SCOPE}"`);
    }
  });

  it('a token of either format is taken, in the header only', async () => {
    const byReference = await FeedClient.at(service, confidentialClient().withSettings({ referenceAccessTokens: true }));
    expect(byReference.token).toMatch(/^cs_at_/);
    expect((await byReference.snapshot()).status).toBe(200);
    expect((await snapshotWith()).status).toBe(401);
    expect((await new ProtocolClient(service.url).send(`${SNAPSHOT}?access_token=${byReference.token}`, {})).status).toBe(401);
    const twice = await exchange(service.url, { method: 'GET', path: SNAPSHOT, headers: { authorization: 'Bearer' } });
    expect([twice.status, twice.body.error]).toEqual([400, 'invalid_request']);
  });
});

describe('Cursors and parameters that are refused', () => {
  const [epoch = '', snapshot = ''] = ['1-00000001-2-3', '10:12:10,11'];
  const part = (query: string) => follower.ask(`${FEED}?${query}`);
  const stream = (query: string, headers = {}) => follower.ask(`${FEED}?${query}`, { accept: 'text/event-stream', ...headers });

  it.each([
    ['nothing', ''],
    ['nothing in it', 'after='],
    ['no base64url', 'after=%21%21'],
    ['padding', `after=${encoded(`${epoch};${snapshot}`)}%3D`],
    ['a spelling that is not the one', 'after=MTt4Oz'],
    ['no epoch', `after=${encoded(snapshot)}`],
    ['an epoch that is none', `after=${encoded(`a'b;${snapshot}`)}`],
    ['a long epoch', `after=${encoded(`${'1'.repeat(201)};${snapshot}`)}`],
    ['no snapshot', `after=${encoded(`${epoch};`)}`],
    ['half a snapshot', `after=${encoded(`${epoch};10:12`)}`],
    ['no numbers', `after=${encoded(`${epoch};10:x:`)}`],
    ['a negative number', `after=${encoded(`${epoch};10:-1:`)}`],
    ['a number too long', `after=${encoded(`${epoch};10:${'9'.repeat(20)}:`)}`],
    ['an empty place in the list', `after=${encoded(`${epoch};10:12:10,`)}`],
    ['more after it', `after=${encoded(`${epoch};${snapshot};1`)}`],
    ['a line break', `after=${encoded(`${epoch};${snapshot}\n`)}`],
    ['too long', `after=${encoded(`${epoch};10:12:${Array.from({ length: 700 }, () => '1234567890').join()}`)}`],
  ])('a cursor: %s', async (_name, query) => {
    for (const answer of [await part(query), await stream(query)]) {
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
      expect(answer.body.error_description).toMatch(/snapshot|malformed/);
    }
  });

  it.each(['wait=-1', 'wait=20.1', 'wait=1e1', 'wait=NaN', 'wait=0x1', 'wait=1,5', 'wait=%201', 'wait=1&wait=1', 'after=x'])(
    'a parameter: %s',
    async (query) => {
      const { status, body } = await part(`after=${cursor}&${query}`);
      expect([status, body.error]).toEqual([400, 'invalid_request']);
    },
  );

  it('a cursor by header and another by parameter; the same is none', async () => {
    const other = encoded(`${epoch};${snapshot}`);
    const answer = await stream(`after=${cursor}`, { 'last-event-id': other });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
    expect((await stream('', { 'last-event-id': `${cursor}, ${cursor}` })).status).toBe(400);
    for (const good of [await follower.stream(cursor), await follower.stream(cursor, { query: `?after=${cursor}` })]) {
      expect(good.status).toBe(200);
      good.close();
    }
  });

  it('whoever accepts something else gets a part', async () => {
    for (const accept of ['*/*', 'image/png', 'text/*', 'application/json, text/event-stream;q=0.5']) {
      const { status, headers } = await follower.ask(`${FEED}?after=${cursor}`, { accept });
      expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/^application\/json/)]);
    }
  });
});

describe('Cursors that cannot be continued are 410, and say what to do', () => {
  const forged = (change: (epoch: string, xmin: string, xmax: string) => string): string => {
    const [epoch = '', snapshot = ''] = decoded(cursor).split(';');
    const [xmin = '', xmax = ''] = snapshot.split(':');
    return encoded(change(epoch, xmin, xmax));
  };

  it.each([
    ['another epoch', () => forged((epoch, xmin, xmax) => `${epoch}1;${xmin}:${xmax}:`)],
    ['ahead of the database', () => forged((epoch, xmin, xmax) => `${epoch};${xmin}:${Number(xmax) + 1_000_000}:`)],
  ])('%s', async (_name, make) => {
    const stream = await follower.ask(FEED, { accept: 'text/event-stream', 'last-event-id': make() });
    for (const { status, body, headers } of [await follower.part(make(), 20), stream]) {
      expect([status, body]).toEqual([
        410,
        { error: 'invalid_request', error_description: expect.stringContaining('snapshot'), reload: 'snapshot' },
      ]);
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('more than 10,000 rows behind; 10,000 are told', async () => {
    const log = (rows: number) =>
      onServer(service.database.url, (client) =>
        client.query(
          `insert into revocation_log (kind, key, created_at, expires_at)
           select 2, uuid_send(gen_random_uuid()), now(), now() + interval '1 hour' from generate_series(1, $1::int)`,
          [rows],
        ),
      );
    await withInstance({}, async (instance) => {
      const [here, there] = [follower, follower.beside(instance)];
      const before = await here.cursor();
      await log(10_000);
      for (const at of [here, there]) {
        const { status, body } = await at.part(before);
        expect([status, Buffer.from(body.authorizations[0].ids, 'base64url').length]).toEqual([200, 80_000]);
      }
      await log(1);
      for (const at of [here, there])
        expect([(await at.part(before, 1)).status, (await at.part(await at.cursor())).status]).toEqual([410, 200]);
    });
  });
});

it('What is sent behind a stream on its own connection is refused, and counts nothing', async () => {
  const { port } = new URL(service.url);
  const socket = connect(Number(port), '127.0.0.1');
  const from = await follower.cursor();
  const head = (accept: string) =>
    `GET ${FEED}?after=${from}&wait=20 HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\nAuthorization: ${follower.bearer.authorization}\r\n\r\n`;
  socket.write(head('text/event-stream') + head('text/event-stream') + head('application/json'));
  await once(socket, 'data');
  const followers = service.get(Followers);
  expect(followers.count).toBe(1);
  socket.destroy();
  await until(async () => followers.count === 0);
});

describe('The addresses', () => {
  it('take GET and nothing else, and nobody from a browser', async () => {
    for (const path of [FEED, SNAPSHOT]) {
      for (const method of ['HEAD', 'POST', 'PUT', 'DELETE']) {
        const { status, headers } = await exchange(service.url, { method, path });
        expect([path, method, status, headers.allow]).toEqual([path, method, 405, 'GET']);
      }
      const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
      const preflight = await exchange(service.url, { method: 'OPTIONS', path, headers });
      expect(preflight.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('are in the metadata; switched off they are not, and answer 404', async () => {
    const metadata = async (at: TestService) => {
      const documents = await Promise.all(
        ['openid-configuration', 'oauth-authorization-server'].map((name) =>
          new ProtocolClient(at.url).json('GET', `/.well-known/${name}`),
        ),
      );
      return documents.map(({ body }) => [body.revocation_feed_endpoint, body.scopes_supported.includes(SCOPE)]);
    };
    const there = [service.issuer + FEED, true];
    expect(await metadata(service)).toEqual([there, there]);
    await withInstance({ endpoints: { revocationFeed: false } }, async (instance) => {
      const gone = [undefined, false];
      // The scope is in the database by the tests' own doing.
      await onServer(service.database.url, (client) => client.query('delete from scope where name = $1', [SCOPE]));
      expect(await metadata(instance)).toEqual([gone, gone]);
      const at = follower.beside(instance);
      for (const { status, body } of [await at.snapshot(), await at.part(cursor)])
        expect([status, body.error]).toEqual([404, 'invalid_request']);
    });
  });

  it('need token storage', async () => {
    const off = { tokenStorage: false, endpoints: { revocationFeed: true } };
    await expect(startService({ beside: service, issuance: off, identity: { storage: false } })).rejects.toThrow(
      'The revocation feed endpoint needs token storage: turn it off, or tokenStorage on.',
    );
    await expect(startService({ beside: service, issuance: { revocationStreamsPerClient: 0 } })).rejects.toThrow(
      'revocationStreamsPerClient must be a whole number from 1 to 1000000.',
    );
  });
});

it('The scope needs no record, and no person', async () => {
  const client = await confidentialClient().withScopes(SCOPE).register(service);
  await service.get(ScopeStore).remove(SCOPE, service.clock.now());
  await seeChanges(service);
  expect((await snapshotWith(await tokenOf(service, client))).status).toBe(200);
});

it('A client has so many answers under way and no more; another has its own', async () => {
  await withInstance({ revocationStreamsPerClient: 2 }, async (instance) => {
    const mine = await FeedClient.at(instance);
    const other = (await FeedClient.at(instance)).beside(instance);
    const from = await mine.cursor();
    const stream = await mine.stream(from);
    const waiting = mine.part(from, 20);
    for (const ask of [() => mine.stream(from), () => mine.part(from), () => mine.snapshot()]) {
      let status = 200;
      while (status === 200) status = (await ask()).status; // until the part has come, too
      expect(status).toBe(429);
    }
    const refused = await mine.snapshot();
    expect([refused.body.error, Number(refused.headers.get('retry-after'))]).toEqual(['too_many_requests', expect.any(Number)]);
    expect((await other.snapshot()).status).toBe(200);
    stream.close();
    // Then a reading has come that began after the question of the one who waits.
    await until(async () => (await mine.part(from)).status === 200);
    await instance.app.close();
    expect((await waiting).status).toBe(200);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
