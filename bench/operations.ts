import { MeasuredProcess } from './child.js';
import { expectJson, type Shot } from './load.js';

export interface Side {
  readonly process: MeasuredProcess;
  readonly next: (connection: number) => Shot;
}

export interface Comparison {
  readonly name: string;
  readonly ours: Side;
  readonly theirs: Side;
  /** The ratio that a later version is to reach. */
  readonly target: string;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const isToken = (json: { access_token?: unknown }): boolean => typeof json.access_token === 'string' && json.access_token.length > 40;

/** What is measured: each operation of ours beside the least work that would do it. */
export async function comparisons(
  service: MeasuredProcess,
  floor: MeasuredProcess,
  environment: Record<string, string>,
): Promise<Comparison[]> {
  const { secret } = service.facts as { secret: string };
  const credentials = (client: string): Record<string, string> => ({ client_id: client, client_secret: secret });
  const issue = (client: string, path = '/connect/token'): (() => Shot) => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', ...credentials(client) }).toString();
    return () => ({ path, headers: FORM, body, accept: (status, text) => expectJson(status, text, isToken) });
  };
  const introspect = (token: string, path: string): (() => Shot) => {
    const body = new URLSearchParams({ token, ...credentials('jwt') }).toString();
    return () => ({ path, headers: FORM, body, accept: (status, text) => expectJson(status, text, (json) => json.active === true) });
  };
  const tokens = {
    jwt: await one(service, issue('jwt')()),
    reference: await one(service, issue('reference')()),
    floor: await one(floor, issue('reference', '/issue-reference')()),
  };
  const ours = (next: (connection: number) => Shot): Side => ({ process: service, next });
  const theirs = (next: (connection: number) => Shot): Side => ({ process: floor, next });
  return [
    { name: 'issue, JWT with entry', ours: ours(issue('jwt')), theirs: theirs(issue('jwt', '/issue-jwt')), target: '≤ 0.9' },
    { name: 'issue, reference', ours: ours(issue('reference')), theirs: theirs(issue('reference', '/issue-reference')), target: '≤ 1.2' },
    {
      name: 'refresh, rotating',
      ours: ours(refresh(service, '/connect/token', { client_id: 'first-party' })),
      theirs: theirs(refresh(floor, '/refresh', {})),
      target: '≤ 1.2',
    },
    {
      name: 'introspect, reference',
      ours: ours(introspect(tokens.reference, '/connect/introspect')),
      theirs: theirs(introspect(tokens.floor, '/introspect')),
      target: '≤ 1.3',
    },
    {
      name: 'introspect, JWT by entry',
      ours: ours(introspect(tokens.jwt, '/connect/introspect')),
      theirs: theirs(introspect(tokens.floor, '/introspect')),
      target: '–',
    },
    ...(await guards(tokens.jwt, environment)),
    ...(await sessions(environment)),
  ];
}

/** Each connection carries its own newest refresh token. */
function refresh(process: MeasuredProcess, path: string, identity: Record<string, string>): (connection: number) => Shot {
  const newest = [...(process.facts as { refreshTokens: string[] }).refreshTokens];
  return (connection) => {
    const presented = newest[connection] ?? '';
    return {
      path,
      headers: FORM,
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: presented, ...identity }).toString(),
      accept: (status, text) => {
        newest[connection] = expectJson(status, text, (json) => isToken(json) && json.refresh_token !== presented).refresh_token;
      },
    };
  };
}

/** The guard beside the same route without it; by entry, beside the route with one prepared SELECT; by the feed, beside the guard by signature. */
async function guards(token: string, environment: Record<string, string>): Promise<Comparison[]> {
  const start = (check: string): Promise<MeasuredProcess> => MeasuredProcess.start('./guard-process.ts', { ...environment, CHECK: check });
  const [signature, entry, feed] = [await start('signature'), await start('entry'), await start('feed')];
  const get = (process: MeasuredProcess, path: string): Side => ({
    process,
    next: () => ({
      path,
      method: 'GET',
      headers: { authorization: `Bearer ${token}` },
      accept: (status, text) => expectJson(status, text, (json) => json.ok),
    }),
  });
  return [
    { name: 'guard, signature, warm', ours: get(signature, '/guarded'), theirs: get(signature, '/bare'), target: '≤ 15 µs above' },
    { name: 'guard, entry', ours: get(entry, '/guarded'), theirs: get(entry, '/bare-select'), target: '≤ 1.2' },
    { name: 'guard, feed (floor: signature)', ours: get(feed, '/guarded'), theirs: get(signature, '/guarded'), target: '≤ 5 µs above' },
  ];
}

/** A web app's route behind a session beside the same route without the module. */
async function sessions(environment: Record<string, string>): Promise<Comparison[]> {
  const start = (store: string): Promise<MeasuredProcess> =>
    MeasuredProcess.start('./session-process.ts', { ...environment, STORE: store });
  const bare = await start('none');
  const measured = [];
  for (const [store, name, target] of [
    ['cookie alone', 'session, cookie, no database', '≤ 300 µs above'],
    ['cookie', 'session, cookie and ledger', '–'],
    ['postgres', 'session, postgres', '–'],
  ] as const) {
    const guarded = await start(store);
    const { cookie } = guarded.facts as { cookie: string };
    const next = (): Shot => ({
      path: '/orders',
      method: 'GET',
      headers: { cookie, 'x-csrf': '1' },
      accept: (status, text) => expectJson(status, text, (json) => json.ok),
    });
    measured.push({ name, ours: { process: guarded, next }, theirs: { process: bare, next }, target });
  }
  return measured;
}

async function one(process: MeasuredProcess, { path, headers, body }: Shot): Promise<string> {
  const response = await fetch(process.url + path, { method: 'POST', headers: headers ?? {}, body: body ?? '' });
  return ((await response.json()) as { access_token: string }).access_token;
}
