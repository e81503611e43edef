import { OAuthError } from '../../protocol/oauth-error.js';
import { authenticateClient } from './client-authentication.js';
import { errorAnswer, json, page, redirect, type Answer, type ProviderRequest } from './endpoint.js';
import type { World } from './world.js';

/** RFC 7009 §2: 200 whether or not there was such a token. A refresh token takes its family along. */
export function revocationEndpoint(request: ProviderRequest, world: World): Answer {
  const { grants } = world;
  const client = authenticateClient(request, world);
  const token = request.parameters.require('token');
  const family = grants.refreshToken(token)?.family;
  if (family?.signIn.client === client.id) grants.end(family);
  if (grants.accessTokens.get(token)?.client === client.id) grants.accessTokens.delete(token);
  return { status: 200, headers: { 'cache-control': 'no-store' } };
}

/** OpenID Connect Core §5.3, RFC 6750 §3.1. */
export function userinfoEndpoint({ headers }: ProviderRequest, { grants, now }: World): Answer {
  const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
  const record = grants.accessTokens.get(token);
  if (record?.sub !== undefined && record.expiresAt > now()) return json({ ...record.claims, sub: record.sub });
  throw new OAuthError({ code: 'invalid_token', challenge: 'Bearer error="invalid_token"' });
}

/** OpenID Connect RP-Initiated Logout 1.0 §2, §3. It asks nobody, and ends no refresh tokens: that is the app's part, by revocation. */
export async function endSessionEndpoint({ parameters }: ProviderRequest, { clients, keys }: World): Promise<Answer> {
  const hint = parameters.get('id_token_hint');
  const claims = hint === undefined ? undefined : await keys.read(hint);
  if (hint !== undefined && claims === undefined) return errorAnswer('invalid_request', 400, 'id_token_hint is none of our id tokens.');
  const [named, hinted] = [parameters.get('client_id'), claims?.aud as string | undefined];
  if (named !== undefined && hinted !== undefined && named !== hinted) return errorAnswer('invalid_request', 400, 'Two clients are named.');
  const target = parameters.get('post_logout_redirect_uri');
  if (target === undefined) return page('<p>You are signed out.</p>');
  if (!clients.get(named ?? hinted ?? '')?.postLogoutRedirectUris?.includes(target)) {
    return errorAnswer('invalid_request', 400, 'post_logout_redirect_uri is not registered.');
  }
  return redirect(target, { state: parameters.get('state') });
}
