/** `oidc-provider` on Postgres, as its documentation sets it up, with what is not asked for here left at its defaults. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { errors, Provider } from 'oidc-provider';
import pg from 'pg';
import { announce } from '../servers/announce.js';
import { OIDC_MODEL_TABLE, OidcPostgresAdapter } from './oidc-postgres-adapter.js';

const RESOURCE = 'https://api.example';
const SCOPE = 'api';
const DAY = 86_400;
const port = Number(process.env['PORT']);
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
await pool.query(OIDC_MODEL_TABLE);

const credentials = { client_id: 'bench', client_secret: randomBytes(32).toString('base64url') };
const key = (type: 'ES256' | 'RS256') =>
  type === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = (['ES256', 'RS256'] as const).map((alg) => ({ ...key(alg).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg }));

const provider = new Provider(process.env['ISSUER'] ?? '', {
  adapter: (name: string) => new OidcPostgresAdapter(name, pool),
  // In memory: no look-up of the client, which is to its favour.
  clients: [
    {
      ...credentials,
      grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
      redirect_uris: ['https://client.example/callback'],
      token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  jwks: { keys } as never,
  cookies: { keys: [randomBytes(32).toString('hex')] },
  scopes: ['openid', 'offline_access', SCOPE],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => {
        if (resource !== RESOURCE) throw new errors.InvalidTarget();
        return { scope: SCOPE, audience: RESOURCE, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } };
      },
      useGrantedResource: () => true,
    },
  },
  rotateRefreshToken: true,
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  ttl: { AccessToken: 900, ClientCredentials: 3600, Grant: 14 * DAY, RefreshToken: 14 * DAY },
});

const client = await provider.Client.find(credentials.client_id);
if (!client) throw new Error('There is no client.');

/** As a person's authorization would leave it: a grant and the refresh token that it came to. */
async function refreshTokens(count: number, format: 'jwt' | 'opaque'): Promise<string[]> {
  const tokens: string[] = [];
  const make = async (): Promise<void> => {
    for (let n = tokens.push('') - 1; n < count; n = tokens.push('') - 1) {
      const accountId = `person-${n}`;
      const grant = new provider.Grant({ accountId, clientId: credentials.client_id });
      grant.addOIDCScope('offline_access');
      grant.addResourceScope(RESOURCE, SCOPE);
      const token = new provider.RefreshToken({
        accountId,
        client: client as NonNullable<typeof client>,
        grantId: await grant.save(),
        gty: 'authorization_code',
        expiresWithSession: false,
        scope: format === 'jwt' ? `offline_access ${SCOPE}` : 'offline_access',
        ...(format === 'jwt' && { resource: RESOURCE }),
      } as never);
      tokens[n] = await token.save();
    }
  };
  await Promise.all(Array.from({ length: 8 }, make));
  return tokens.slice(0, count);
}

const issue = (more: Record<string, string> = {}) => ({
  path: '/token',
  form: { grant_type: 'client_credentials', ...credentials, ...more },
});
const refresh = (format: 'jwt' | 'opaque') => async (connections: number) => ({
  path: '/token',
  form: { grant_type: 'refresh_token', ...credentials },
  tokens: await refreshTokens(connections, format),
});

const handle = provider.callback();
createServer((request, response) => void handle(request, response)).listen(port, '127.0.0.1', () =>
  announce({
    port,
    offers: {
      'issue, JWT': () => issue({ resource: RESOURCE, scope: SCOPE }),
      'issue, reference': () => issue(),
      'refresh, JWT': refresh('jwt'),
      'refresh, reference': refresh('opaque'),
      'introspect, reference': () => ({ path: '/token/introspection', form: credentials }),
      revoke: () => ({ path: '/token/revocation', form: credentials }),
    },
    revocable: (count) => refreshTokens(count, 'opaque'),
  }),
);
