import { OAuthError } from '../../protocol/oauth-error.js';

/** This process itself is not told what was ended at the moment, or does not want to be any more. */
export const logUnavailable = (): OAuthError =>
  new OAuthError({ code: 'temporarily_unavailable', description: 'The log of revocations cannot be read at the moment.', retryAfter: 1 });
