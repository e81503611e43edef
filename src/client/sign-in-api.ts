import { secureAddress } from './addresses.js';
import { askService, nameIn, unavailable } from './ask-service.js';
import { RefreshRefusedError } from './errors.js';
import type { Refresher } from './refresher.js';
import { readAnswer, type TokenAnswer } from './token-answer.js';

const PROBLEM = 'urn:countersign:problem:';
/** The problems that no other attempt with the same refresh token will cure. */
const FINAL = ['refresh-token-expired', 'refresh-token-used', 'refresh-token-revoked', 'refresh-token-not-found'];
const JSON_BODY = { 'content-type': 'application/json' };

/**
 * Refreshes and signs out by the service's sign-in API (`/auth/…`), for first-party apps.
 *
 * @param address where the service is, for instance `https://id.example.com`
 * @throws TypeError unless it is https, or http on loopback
 */
export function signInApi(address: string): Refresher {
  const base = secureAddress(address, 'The address of the service');
  const at = (path: string): URL => new URL(base.pathname.replace(/\/*$/, `/auth/${path}`), base);
  return {
    async refresh({ refreshToken }, context) {
      // The access token is not sent along: it would be checked too, and proves nothing that the refresh token does not.
      const answer = await askService(at('refresh'), { headers: JSON_BODY, body: JSON.stringify({ refreshToken }) }, context);
      if (answer.status === 200 && readAnswer(answer.body)) return answer.body as TokenAnswer;
      const type = nameIn(answer.body, 'type') ?? '';
      const problem = type.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : undefined;
      if (problem !== undefined && FINAL.includes(problem)) throw new RefreshRefusedError(problem);
      throw unavailable(answer, problem);
    },

    async end({ accessToken, refreshToken }, context) {
      const headers = { ...JSON_BODY, ...(refreshToken === undefined && { authorization: `Bearer ${accessToken}` }) };
      await askService(at('logout'), { headers, body: JSON.stringify({ refreshToken }) }, context);
    },
  };
}
