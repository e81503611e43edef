import type { Client, ClientCredentialsModel, RefreshToken, RefreshTokenModel, Token, User } from '@node-oauth/oauth2-server';
import type pg from 'pg';

export const OAUTH2_TOKEN_TABLE = `
create table oauth2_token (
  access_token text primary key,
  access_token_expires_at timestamptz,
  refresh_token text unique,
  refresh_token_expires_at timestamptz,
  scope text[],
  client_id text not null,
  user_id text not null
)`;

const SAVE = `
insert into oauth2_token (access_token, access_token_expires_at, refresh_token, refresh_token_expires_at, scope, client_id, user_id)
values ($1, $2, $3, $4, $5, $6, $7)`;
const BY_REFRESH_TOKEN = 'select refresh_token_expires_at, scope, client_id, user_id from oauth2_token where refresh_token = $1';
const BY_ACCESS_TOKEN = 'select access_token_expires_at, scope, client_id, user_id from oauth2_token where access_token = $1';
const REVOKE = 'delete from oauth2_token where refresh_token = $1';

/** Storage of `@node-oauth/oauth2-server` on Postgres, by prepared statements. The client is in memory: no look-up, which is to its favour. */
export function oauth2PostgresModel(client: Client & { secret: string }, pool: pg.Pool): ClientCredentialsModel & RefreshTokenModel {
  const run = (name: string, text: string, values: readonly unknown[]) => pool.query({ name, text, values: [...values] });
  const find = async (name: string, text: string, token: string) => (await run(name, text, [token])).rows[0];
  return {
    getClient: async (id, secret) => id === client.id && (secret === client.secret || secret === null) && client,
    getUserFromClient: async ({ id }) => ({ id }),
    validateScope: async (_user, _client, scope) => scope ?? [],
    saveToken: async (token, { id }, user) => {
      const { accessToken, accessTokenExpiresAt, refreshToken, refreshTokenExpiresAt, scope } = token;
      await run('save', SAVE, [accessToken, accessTokenExpiresAt, refreshToken, refreshTokenExpiresAt, scope, id, user['id']]);
      return { ...token, client, user };
    },
    getAccessToken: async (accessToken): Promise<Token | undefined> => {
      const row = await find('access', BY_ACCESS_TOKEN, accessToken);
      return row && { accessToken, accessTokenExpiresAt: row.access_token_expires_at, scope: row.scope, client, user: userOf(row) };
    },
    getRefreshToken: async (refreshToken): Promise<RefreshToken | undefined> => {
      const row = await find('refresh', BY_REFRESH_TOKEN, refreshToken);
      return row && { refreshToken, refreshTokenExpiresAt: row.refresh_token_expires_at, scope: row.scope, client, user: userOf(row) };
    },
    revokeToken: async ({ refreshToken }) => (await run('revoke', REVOKE, [refreshToken])).rowCount === 1,
  };
}

const userOf = (row: { user_id: string }): User => ({ id: row.user_id });
