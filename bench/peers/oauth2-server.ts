/** `@node-oauth/oauth2-server` on Postgres, behind bare node:http, which is to its favour. It offers no introspection and no revocation endpoint. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import OAuth2Server from '@node-oauth/oauth2-server';
import pg from 'pg';
import { announce } from '../servers/announce.js';
import { OAUTH2_TOKEN_TABLE, oauth2PostgresModel } from './oauth2-postgres-model.js';

const port = Number(process.env['PORT']);
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
await pool.query(OAUTH2_TOKEN_TABLE);

const credentials = { client_id: 'bench', client_secret: randomBytes(32).toString('base64url') };
const client = { id: credentials.client_id, secret: credentials.client_secret, grants: ['client_credentials', 'refresh_token'] };
const model = oauth2PostgresModel(client, pool);
const oauth = new OAuth2Server({ model, accessTokenLifetime: 900 });

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, body: string): Promise<void> {
  const { headers = {}, method = '', url = '' } = incoming;
  const request = new OAuth2Server.Request({
    headers: headers as Record<string, string>,
    method,
    query: {},
    body: Object.fromEntries(new URLSearchParams(body)),
  });
  const response = new OAuth2Server.Response({});
  // Its refusals are in the response, too.
  if (url === '/token') await oauth.token(request, response).catch(() => undefined);
  else response.status = 404;
  outgoing.writeHead(response.status ?? 500, { ...response.headers, 'content-type': 'application/json' });
  outgoing.end(JSON.stringify(response.body));
}

async function refreshTokens(count: number): Promise<string[]> {
  const random = (): string => randomBytes(32).toString('hex');
  const tokens: string[] = [];
  for (let n = 0; n < count; n++) {
    const expires = { accessTokenExpiresAt: new Date(Date.now() + 900_000), refreshTokenExpiresAt: new Date(Date.now() + 14 * 86_400_000) };
    const user = { id: `person-${n}` };
    const saved = await model.saveToken({ accessToken: random(), refreshToken: random(), ...expires, client, user }, client, user);
    tokens.push((saved && saved.refreshToken) || '');
  }
  return tokens;
}

createServer((incoming, outgoing) => {
  const parts: Buffer[] = [];
  incoming.on('data', (part: Buffer) => parts.push(part));
  incoming.on('end', () => void answer(incoming, outgoing, Buffer.concat(parts).toString()));
}).listen(port, '127.0.0.1', () =>
  announce({
    port,
    offers: {
      'issue, reference': () => ({ path: '/token', form: { grant_type: 'client_credentials', ...credentials } }),
      'refresh, reference': async (connections) => ({
        path: '/token',
        form: { grant_type: 'refresh_token', ...credentials },
        tokens: await refreshTokens(connections),
      }),
    },
  }),
);
