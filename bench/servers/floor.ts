/** The floor: the least work that does the job with one statement per request, on bare node:http, pg and node:crypto. No validation, no framework. */
import { createHash, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import pg from 'pg';
import { announce, type Offer } from './announce.js';

const port = Number(process.env['PORT']);
const issuer = process.env['ISSUER'] ?? '';
const LIFETIME = 900;
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
await pool.query(`
create table token (hash bytea primary key, client text not null, expires_at timestamptz not null, payload text not null);
create table family (id int primary key, hash bytea not null, generation int not null, revoked_at timestamptz);
create table person (email text primary key, password_hash text not null);
insert into person select 'person-' || n || '@example.test', '-' from generate_series(0, 511) n`);

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'k' })).toString('base64url');
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
const random = (bytes: number): string => randomBytes(bytes).toString('base64url');
const run = (name: string, text: string, values: unknown[]) => pool.query({ name, text, values });
const expiry = (): Date => new Date(Date.now() + LIFETIME * 1000);

function jwt(jti: string): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: 'jwt', aud: issuer, exp: iat + LIFETIME, iat, jti, client_id: 'jwt' };
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function claimsOf(token: string): { jti: string } {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))) throw new Error('signature');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string };
}

async function issue(form: URLSearchParams, bytes: number): Promise<string> {
  sha256(form.get('client_secret') ?? '');
  const token = random(bytes);
  await run('issue', 'insert into token (hash, client, expires_at, payload) values ($1, $2, $3, $4)', [
    sha256(token),
    'jwt',
    expiry(),
    '{}',
  ]);
  return token;
}

async function rotate(form: URLSearchParams, bytes: number): Promise<{ access: string; refresh_token: string }> {
  const presented = form.get('refresh_token') ?? '';
  const id = presented.split('.', 1)[0] ?? '';
  const refresh_token = `${id}.${random(32)}`;
  const access = random(bytes);
  const { rowCount } = await run(
    'rotate',
    `with family as (update family set hash = $3, generation = generation + 1 where id = $1 and hash = $2 returning id)
     insert into token (hash, client, expires_at, payload) select h, 'jwt', $5, '{}' from family, (values ($3::bytea), ($4::bytea)) n (h)`,
    [Number(id), sha256(presented), sha256(refresh_token), sha256(access), expiry()],
  );
  if (rowCount !== 2) throw new Error('lost');
  return { access, refresh_token };
}

async function look(key: string): Promise<object> {
  const { rows } = await run('look', 'select client, expires_at, payload from token where hash = $1', [sha256(key)]);
  return { active: rows.length === 1, client_id: rows[0].client, exp: Math.floor(rows[0].expires_at / 1000) };
}

async function signIn(email: string): Promise<object> {
  const id = nextFamily++;
  const refreshToken = `${id}.${random(32)}`;
  const jti = random(20);
  const { rowCount } = await run(
    'sign-in',
    `with known as (select password_hash from person where email = $1),
     opened as (insert into family (id, hash, generation) select $2, $3, 0 from known),
     entries as (insert into token (hash, client, expires_at, payload) select h, 'jwt', $5, '{}' from known, (values ($3::bytea), ($4::bytea)) n (h))
     select password_hash from known`,
    [email, id, sha256(refreshToken), sha256(jti), expiry()],
  );
  if (rowCount !== 1) throw new Error('nobody');
  return { accessToken: jwt(jti), expiresIn: LIFETIME, refreshToken, tokenType: 'Bearer' };
}

const bearer = (access_token: string, rest: object = {}): object => ({ access_token, token_type: 'Bearer', expires_in: LIFETIME, ...rest });

const operations: Record<string, (body: string) => Promise<object>> = {
  '/issue-jwt': async (body) => bearer(jwt(await issue(new URLSearchParams(body), 20))),
  '/issue-reference': async (body) => bearer(await issue(new URLSearchParams(body), 32)),
  '/refresh-jwt': async (body) => {
    const { access, refresh_token } = await rotate(new URLSearchParams(body), 20);
    return bearer(jwt(access), { refresh_token });
  },
  '/refresh-reference': async (body) => {
    const { access, refresh_token } = await rotate(new URLSearchParams(body), 32);
    return bearer(access, { refresh_token });
  },
  '/introspect': (body) => look(new URLSearchParams(body).get('token') ?? ''),
  '/introspect-jwt': (body) => look(claimsOf(new URLSearchParams(body).get('token') ?? '').jti),
  '/revoke': async (body) => {
    const token = new URLSearchParams(body).get('token') ?? '';
    const values = [Number(token.split('.', 1)[0]), sha256(token)];
    const { rowCount } = await run('revoke', 'update family set revoked_at = now() where id = $1 and hash = $2', values);
    if (rowCount !== 1) throw new Error('unknown');
    return {};
  },
  '/sign-in': (body) => signIn((JSON.parse(body) as { email: string }).email),
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
    Promise.resolve(Buffer.concat(parts).toString())
      .then(operation)
      .then(
        (body) => send(response, 200, body),
        (error: unknown) => send(response, 500, { error: String(error) }),
      );
  });
});

let nextFamily = 0;

async function families(count: number): Promise<string[]> {
  const tokens = Array.from({ length: count }, () => `${nextFamily++}.${random(32)}`);
  await pool.query('insert into family (id, hash, generation) select id, hash, 0 from unnest($1::int[], $2::bytea[]) family (id, hash)', [
    tokens.map((token) => Number(token.split('.', 1)[0])),
    tokens.map(sha256),
  ]);
  return tokens;
}

const form = { grant_type: 'client_credentials', client_id: 'jwt', client_secret: random(32) };
const at = (path: string) => (): Offer => ({ path, form });
const refreshing = (path: string) => async (connections: number) => ({
  path,
  form: { grant_type: 'refresh_token', client_id: 'jwt' },
  tokens: await families(connections),
});

server.listen(port, '127.0.0.1', () =>
  announce({
    port,
    offers: {
      'issue, JWT': at('/issue-jwt'),
      'issue, reference': at('/issue-reference'),
      'refresh, JWT': refreshing('/refresh-jwt'),
      'refresh, reference': refreshing('/refresh-reference'),
      'introspect, reference': at('/introspect'),
      'introspect, JWT seen before': at('/introspect-jwt'),
      'introspect, JWT not seen before': at('/introspect-jwt'),
      revoke: at('/revoke'),
      'sign in': (connections) => ({
        path: '/sign-in',
        json: Array.from({ length: connections }, (_, n) => ({ email: `person-${n}@example.test`, password: '-' })),
      }),
    },
    revocable: families,
  }),
);
