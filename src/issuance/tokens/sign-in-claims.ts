import type { BrowserSession } from '../../identity/browser/browser-sessions.js';
import { seconds } from '../../storage/reference-token-claims.js';

/** What a grant that a person approved says of the person and the sign-in: RFC 9068 §2.2.1 and §2.2.3. Later id tokens are made of it, too. */
export const signInClaims = ({ authenticatedAt, amr, account }: BrowserSession, scopes: readonly string[]): Record<string, unknown> => ({
  auth_time: seconds(authenticatedAt),
  amr,
  ...(scopes.includes('email') && { email: account.email }),
  ...(scopes.includes('roles') && account.roles.length > 0 && { roles: account.roles }),
});
