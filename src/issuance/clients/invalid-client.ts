import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientAuthenticationMethod } from '../../storage/client.store.js';

/** RFC 6749 §5.2: 401 in any case; the challenge names the scheme if the header was used (see the error filter). */
export const invalidClient = (method?: ClientAuthenticationMethod): OAuthError =>
  new OAuthError({
    code: 'invalid_client',
    description: 'Client authentication failed.',
    ...(method === 'client_secret_basic' && { challenge: 'Basic realm="countersign", charset="UTF-8"' }),
  });
