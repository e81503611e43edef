/** The floor: the least work that does the job with one statement per request, on bare node:http, pg and node:crypto. No validation, no framework. */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import pg from 'pg';
import { announce } from './child.js';

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
const connections = Number(process.env['CONNECTIONS']);
await pool.query(
  `create table floor_token (hash bytea primary key, client text not null, expires_at timestamptz not null, payload text not null)`,
);
await pool.query(`create table floor_family (id int primary key, hash bytea not null, generation int not null)`);

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })).toString('base64url');
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
const run = (name: string, text: string, values: unknown[]) => pool.query({ name, text, values });

const jwt = (jti: string): string => {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: 'http://localhost:3000',
    sub: 'jwt',
    aud: 'http://localhost:3000',
    exp: now + 900,
    iat: now,
    jti,
    client_id: 'jwt',
  };
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
};

const insert = (token: string): Promise<unknown> =>
  run('insert', 'insert into floor_token (hash, client, expires_at, payload) values ($1, $2, $3, $4)', [
    sha256(token),
    'jwt',
    new Date(Date.now() + 900_000),
    '{}',
  ]);

const operations: Record<string, (form: URLSearchParams) => Promise<object>> = {
  '/issue-jwt': async (form) => {
    sha256(form.get('client_secret') ?? '');
    const jti = randomBytes(20).toString('base64url');
    await insert(jti);
    return { access_token: jwt(jti), token_type: 'Bearer', expires_in: 900 };
  },
  '/issue-reference': async (form) => {
    sha256(form.get('client_secret') ?? '');
    const token = randomBytes(32).toString('base64url');
    await insert(token);
    return { access_token: token, token_type: 'Bearer', expires_in: 900 };
  },
  '/refresh': async (form) => {
    const presented = form.get('refresh_token') ?? '';
    const successor = `${presented.split('.')[0]}.${randomBytes(32).toString('base64url')}`;
    const jti = randomBytes(20).toString('base64url');
    const { rowCount } = await run(
      'rotate',
      `with family as (update floor_family set hash = $3, generation = generation + 1 where id = $1 and hash = $2 returning id)
       insert into floor_token (hash, client, expires_at, payload) select h, 'jwt', $5, '{}' from family, (values ($3::bytea), ($4::bytea)) n (h)`,
      [Number(presented.split('.')[0]), sha256(presented), sha256(successor), sha256(jti), new Date(Date.now() + 900_000)],
    );
    if (rowCount !== 2) throw new Error('lost');
    return { access_token: jwt(jti), refresh_token: successor, token_type: 'Bearer', expires_in: 900 };
  },
  '/introspect': async (form) => {
    const { rows } = await run('find', 'select client, expires_at, payload from floor_token where hash = $1', [
      sha256(form.get('token') ?? ''),
    ]);
    return { active: rows.length === 1, client_id: rows[0].client, exp: Math.floor(rows[0].expires_at / 1000) };
  },
  '/bare-select': async () => ({
    ok: (await run('find', 'select client, expires_at, payload from floor_token where hash = $1', [sha256('')])).rows.length === 0,
  }),
};

const send = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
};

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const operation = operations[request.url ?? ''];
    if (!operation) return send(response, 404, {});
    operation(new URLSearchParams(Buffer.concat(parts).toString())).then(
      (body) => send(response, 200, body),
      (error: unknown) => send(response, 500, { error: String(error) }),
    );
  });
});

const refreshTokens: string[] = [];
for (let i = 0; i < connections; i++) {
  const token = `${i}.${randomBytes(32).toString('base64url')}`;
  await pool.query('insert into floor_family values ($1, $2, 0)', [i, sha256(token)]);
  refreshTokens.push(token);
}
server.listen(0, '127.0.0.1', () => announce({ port: (server.address() as { port: number }).port, refreshTokens }));
