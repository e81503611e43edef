import type { CryptoKey } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import type { ClientKey } from '../../support/assertions.js';
import { REDIRECT_URI } from '../../support/code-flow.js';
import type { TestClient } from '../../support/clients.js';

export type Method = 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';

/** With `key` instead of a secret for private_key_jwt. */
export interface AppClient extends TestClient {
  readonly key?: ClientKey;
}

/** What an app asks for. */
export interface Asked {
  readonly scope: string;
  readonly pushed?: boolean;
  readonly responseMode?: 'query' | 'form_post';
  /** At the authorization endpoint, and at the token endpoint. RFC 8707 */
  readonly resources?: { readonly authorization: readonly string[]; readonly token?: string };
}

/** What a sign-in, or a refresh, came to; the id token was validated by the library. */
export interface SignedIn {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly scope?: string | undefined;
  readonly idToken: Readonly<Record<string, unknown>>;
}

/** A sign-in that has begun: where the browser is sent, and what to do when it comes back, by redirect or by a form. */
export interface Begun {
  readonly url: URL;
  finish(back: URL | Request): Promise<SignedIn>;
}

/** An app that uses a library as it comes. Nothing is handed to it but the issuer, the client and permission to use plain http on loopback. */
export interface RelyingParty {
  begin(asked: Asked): Promise<Begun>;
  userinfo(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>>;
  refresh(refreshToken: string): Promise<SignedIn>;
}

export type Connect = (issuer: string, client: AppClient, method: Method) => Promise<RelyingParty>;

/** openid-client, with signatures of id tokens checked though they come by a direct line. */
export const openidClient: Connect = async (issuer, { id, secret = '', key }, method) => {
  const authentication = {
    client_secret_basic: () => openid.ClientSecretBasic(secret),
    client_secret_post: () => openid.ClientSecretPost(secret),
    private_key_jwt: () => openid.PrivateKeyJwt(signingKey(key)),
    none: () => openid.None(),
  }[method]();
  const config = await openid.discovery(new URL(issuer), id, undefined, authentication, {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  });
  const toSignedIn = (tokens: openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers): SignedIn => ({
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    scope: tokens.scope,
    idToken: { ...tokens.claims() },
  });
  return {
    begin: async (asked) => {
      const verifier = openid.randomPKCECodeVerifier();
      const [state, nonce] = [openid.randomState(), openid.randomNonce()];
      const challenge = await openid.calculatePKCECodeChallenge(verifier);
      const parameters = requestParameters(asked, { state, nonce, code_challenge: challenge });
      const url = asked.pushed
        ? await openid.buildAuthorizationUrlWithPAR(config, parameters)
        : openid.buildAuthorizationUrl(config, parameters);
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      return { url, finish: async (back) => toSignedIn(await openid.authorizationCodeGrant(config, back, checks, tokenParameters(asked))) };
    },
    userinfo: (accessToken, subject) => openid.fetchUserInfo(config, accessToken, subject),
    refresh: async (refreshToken) => toSignedIn(await openid.refreshTokenGrant(config, refreshToken)),
  };
};

/** oauth4webapi, step by step. */
export const oauth4webapi: Connect = async (issuerUrl, { id, secret = '', key }, method) => {
  const issuer = new URL(issuerUrl);
  const insecure = { [oauth.allowInsecureRequests]: true };
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
  const client: oauth.Client = { client_id: id };
  const authentication = {
    client_secret_basic: () => oauth.ClientSecretBasic(secret),
    client_secret_post: () => oauth.ClientSecretPost(secret),
    private_key_jwt: () => oauth.PrivateKeyJwt(signingKey(key)),
    none: () => oauth.None(),
  }[method]();
  const toSignedIn = async (response: Response, tokens: oauth.TokenEndpointResponse): Promise<SignedIn> => {
    await oauth.validateApplicationLevelSignature(server, response, insecure);
    const { access_token: accessToken, refresh_token: refreshToken, scope } = tokens;
    return { accessToken, refreshToken, scope, idToken: { ...oauth.getValidatedIdTokenClaims(tokens) } };
  };
  const push = async (parameters: URLSearchParams): Promise<URLSearchParams> => {
    const response = await oauth.pushedAuthorizationRequest(server, client, authentication, parameters, insecure);
    const { request_uri: uri } = await oauth.processPushedAuthorizationResponse(server, client, response);
    return new URLSearchParams({ client_id: id, request_uri: uri });
  };
  return {
    begin: async (asked) => {
      const verifier = oauth.generateRandomCodeVerifier();
      const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
      const challenge = await oauth.calculatePKCECodeChallenge(verifier);
      const parameters = requestParameters(asked, { client_id: id, response_type: 'code', state, nonce, code_challenge: challenge });
      const url = new URL(server.authorization_endpoint ?? '');
      url.search = (asked.pushed ? await push(parameters) : parameters).toString();
      const finish = async (back: URL | Request): Promise<SignedIn> => {
        const answer = back instanceof URL ? back : new URLSearchParams(await back.text());
        const validated = oauth.validateAuthResponse(server, client, answer, state);
        const response = await oauth.authorizationCodeGrantRequest(server, client, authentication, validated, REDIRECT_URI, verifier, {
          ...insecure,
          additionalParameters: tokenParameters(asked),
        });
        const expected = { expectedNonce: nonce, requireIdToken: true };
        return toSignedIn(response, await oauth.processAuthorizationCodeResponse(server, client, response, expected));
      };
      return { url, finish };
    },
    userinfo: async (accessToken, subject) =>
      oauth.processUserInfoResponse(server, client, subject, await oauth.userInfoRequest(server, client, accessToken, insecure)),
    refresh: async (refreshToken) => {
      const response = await oauth.refreshTokenGrantRequest(server, client, authentication, refreshToken, insecure);
      return toSignedIn(response, await oauth.processRefreshTokenResponse(server, client, response));
    },
  };
};

function requestParameters({ scope, responseMode, resources }: Asked, own: Readonly<Record<string, string>>): URLSearchParams {
  const parameters = new URLSearchParams({ redirect_uri: REDIRECT_URI, scope, code_challenge_method: 'S256', ...own });
  if (responseMode) parameters.set('response_mode', responseMode);
  for (const resource of resources?.authorization ?? []) parameters.append('resource', resource);
  return parameters;
}

const tokenParameters = ({ resources }: Asked): Record<string, string> =>
  resources?.token === undefined ? {} : { resource: resources.token };

function signingKey(key: ClientKey | undefined): { readonly kid: string; readonly key: CryptoKey } {
  if (!key) throw new Error('The client has no key.');
  return { kid: key.kid, key: key.privateKey };
}
