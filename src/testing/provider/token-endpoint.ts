import type { Parameters } from '../../protocol/form.js';
import { invalidRequest, OAuthError } from '../../protocol/oauth-error.js';
import { provesChallenge } from '../../protocol/pkce.js';
import { authenticateClient } from './client-authentication.js';
import { json, type Answer, type ProviderRequest } from './endpoint.js';
import type { ProviderClient } from './faulty-provider.options.js';
import type { Family } from './grants.js';
import { mintAccessToken, mintIdToken } from './minting.js';
import type { World } from './world.js';

/** RFC 6749 §3.2. What is granted is committed before anything is awaited: of two requests with one refresh token, one is a reuse. */
export function tokenEndpoint(request: ProviderRequest, world: World): Promise<Answer> {
  if (request.method !== 'POST') throw invalidRequest('The token endpoint takes POST.');
  const client = authenticateClient(request, world);
  const grantType = request.parameters.get('grant_type');
  if (grantType === 'authorization_code') return redeemCode(request, client, world);
  if (grantType === 'refresh_token') return refresh(request, client, world);
  if (grantType === 'client_credentials') return clientCredentials(request, client, world);
  throw new OAuthError({ code: 'unsupported_grant_type' });
}

/** RFC 6749 §4.1.3, RFC 7636 §4.6. */
async function redeemCode({ parameters, wrongClaims }: ProviderRequest, client: ProviderClient, world: World): Promise<Answer> {
  const code = parameters.require('code');
  const signIn = world.grants.signInOf(code, world.now());
  if (signIn === undefined || signIn.client !== client.id) throw invalidGrant('The code is unknown or too old.');
  if (signIn.redirectUri !== parameters.get('redirect_uri')) throw invalidGrant('The redirect URI is another one.');
  if (!provesChallenge(parameters.get('code_verifier') ?? '', signIn.codeChallenge)) throw invalidGrant('The verifier is wrong.');
  const audience = audienceOf(parameters, signIn.resources);
  const family = world.grants.redeem(code);
  if (family === undefined) throw invalidGrant('The code was spent.');
  const refreshToken = wantsRefreshToken(signIn.scope, world) ? issueRefreshToken(family, world) : undefined;
  const withIdToken = signIn.scope.split(' ').includes('openid');
  return answer(world, {
    scope: signIn.scope,
    accessToken: await mintAccessToken(world, { client: client.id, scope: signIn.scope, audience, family }),
    refreshToken,
    idToken: withIdToken ? await mintIdToken(world, signIn, { nonce: signIn.nonce, ...wrongClaims }) : undefined,
  });
}

/** RFC 6749 §6, OpenID Connect Core §12.2: the id token of a refresh has no nonce. */
async function refresh({ parameters, wrongClaims }: ProviderRequest, client: ProviderClient, world: World): Promise<Answer> {
  const presented = world.grants.refreshToken(parameters.require('refresh_token'));
  if (presented === undefined || presented.family.signIn.client !== client.id) throw invalidGrant('The refresh token is unknown.');
  const { family } = presented;
  const scope = narrowed(parameters.get('scope'), family.signIn.scope);
  const audience = audienceOf(parameters, family.signIn.resources);
  if (presented.expiresAt <= world.now()) throw invalidGrant('The refresh token is too old.');
  const { rotateRefreshTokens, idTokenOnRefresh } = world.settings;
  const isGood = rotateRefreshTokens ? world.grants.rotate(presented) : !family.ended && presented.generation === family.generation;
  if (!isGood) throw invalidGrant('The refresh token was spent or revoked.');
  const refreshToken = rotateRefreshTokens ? issueRefreshToken(family, world) : undefined;
  const withIdToken = idTokenOnRefresh && scope.split(' ').includes('openid');
  return answer(world, {
    scope,
    accessToken: await mintAccessToken(world, { client: client.id, scope, audience, family }),
    refreshToken,
    idToken: withIdToken ? await mintIdToken(world, family.signIn, wrongClaims) : undefined,
  });
}

/** RFC 6749 §4.4. */
async function clientCredentials({ parameters }: ProviderRequest, client: ProviderClient, world: World): Promise<Answer> {
  if (client.secret === undefined && !client.publicKey) throw new OAuthError({ code: 'unauthorized_client' });
  const scope = parameters.get('scope') ?? '';
  const accessToken = await mintAccessToken(world, { client: client.id, scope, audience: audienceOf(parameters, []), family: undefined });
  return answer(world, { scope, accessToken, refreshToken: undefined, idToken: undefined });
}

interface Tokens {
  readonly scope: string;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
}

/** RFC 6749 §5.1. What is undefined is not written. */
const answer = ({ settings }: World, { scope, accessToken, refreshToken, idToken }: Tokens): Answer =>
  json({
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: settings.omitExpiresIn ? undefined : settings.accessTokenLifetime,
    refresh_token: refreshToken,
    id_token: idToken,
    scope: scope === '' ? undefined : scope,
  });

const issueRefreshToken = (family: Family, { grants, now, settings }: World): string =>
  grants.issueRefreshToken(family, now() + settings.refreshTokenLifetime * 1000);

const wantsRefreshToken = (scope: string, { settings: { refreshTokens } }: World): boolean =>
  refreshTokens === 'always' || (refreshTokens === 'offline_access' && scope.split(' ').includes('offline_access'));

/** RFC 8707 §2.2: of what was granted; where nothing was named at sign-in, anything. Undefined: no resource was ever named. */
function audienceOf(parameters: Parameters, granted: readonly string[]): readonly string[] | undefined {
  const wanted = parameters.all('resource');
  if (granted.length > 0 && wanted.some((resource) => !granted.includes(resource))) throw new OAuthError({ code: 'invalid_target' });
  const audience = wanted.length > 0 ? wanted : granted;
  return audience.length > 0 ? audience : undefined;
}

/** RFC 6749 §6: never more than was granted. */
function narrowed(wanted: string | undefined, granted: string): string {
  const all = granted.split(' ');
  if (wanted?.split(' ').some((scope) => !all.includes(scope))) throw new OAuthError({ code: 'invalid_scope' });
  return wanted ?? granted;
}

const invalidGrant = (description: string): OAuthError => new OAuthError({ code: 'invalid_grant', description });
