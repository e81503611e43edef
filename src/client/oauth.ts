import { secureAddress } from './addresses.js';
import { askService, nameIn, unavailable } from './ask-service.js';
import { RefreshRefusedError } from './errors.js';
import type { Refresher } from './refresher.js';
import { readAnswer, type TokenAnswer } from './token-answer.js';

export interface OAuthOptions {
  readonly tokenEndpoint: string;
  /** RFC 7009. Without it signing out only forgets the tokens. */
  readonly revocationEndpoint?: string;
  /** Of a public client: what runs in a browser or on a phone keeps no secret. */
  readonly clientId: string;
}

/** Refreshes by any provider's token endpoint (RFC 6749 §6). @throws TypeError unless the endpoints are https, or http on loopback */
export function oauth({ tokenEndpoint, revocationEndpoint, clientId }: OAuthOptions): Refresher {
  const token = secureAddress(tokenEndpoint, 'The token endpoint');
  const revocation = revocationEndpoint === undefined ? undefined : secureAddress(revocationEndpoint, 'The revocation endpoint');
  return {
    async refresh({ refreshToken }, context) {
      const answer = await askService(
        token,
        form({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId }),
        context,
      );
      if (answer.status === 200 && readAnswer(answer.body)) return answer.body as TokenAnswer;
      const error = nameIn(answer.body, 'error');
      // RFC 6749 §5.2: this one is about the refresh token. The others are about the client or the request, which a new sign-in would not mend.
      if (error === 'invalid_grant') throw new RefreshRefusedError(error);
      throw unavailable(answer, error);
    },

    async end({ accessToken, refreshToken }, context) {
      const hint = refreshToken === undefined ? 'access_token' : 'refresh_token';
      const body = { token: refreshToken ?? accessToken, token_type_hint: hint, client_id: clientId };
      if (revocation) await askService(revocation, form(body), context);
    },
  };
}

const form = (fields: Readonly<Record<string, string>>) => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
});
