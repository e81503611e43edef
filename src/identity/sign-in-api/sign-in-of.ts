import type { Account } from '../accounts/accounts.js';
import type { SignIn } from '../first-party-tokens.js';
import type { ApiRequest } from './api-request.js';

const LONGEST_USER_AGENT = 512;

/** The sign-in of an account whose password was just proved or set. */
export const signInOf = ({ id, email, roles, credentialVersion }: Account, { headers, ip }: ApiRequest): SignIn => ({
  subject: id,
  claims: { email, ...(roles.length > 0 && { roles }) },
  credentialVersion,
  userAgent: headers['user-agent']?.slice(0, LONGEST_USER_AGENT),
  address: ip,
});
