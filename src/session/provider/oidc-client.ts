import { Inject, Injectable } from '@nestjs/common';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  type ClientAuth,
  clientCredentialsGrant,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  discovery,
  None,
  PrivateKeyJwt,
  refreshTokenGrant,
  tokenRevocation,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client';
import { Clock } from '../../protocol/clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import type { SessionTokens, UserClaims, WantedToken } from '../state/session-state.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { clientKey } from './client-key.js';
import { failureOf } from './failure-of.js';
import { KeptReading } from './kept-reading.js';
import { RefreshFailure } from './refresh-failure.js';
import { tokenExpiry } from './token-expiry.js';

/** What belongs to one way through the provider. */
export interface SignInChecks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface ReceivedTokens {
  readonly tokens: SessionTokens;
  /** Of the id token, if one came. */
  readonly claims?: UserClaims;
}

/** Of the app itself. */
export type AppToken = Pick<SessionTokens, 'accessToken' | 'receivedAt' | 'expiresAt'>;

type Answer = TokenEndpointResponse & TokenEndpointResponseHelpers;

/** The provider, by its discovery document: read when it is first needed, kept, and read again each hour. The app starts without it. */
@Injectable()
export class OidcClient {
  private readonly configuration = new KeptReading(
    () => this.discover(),
    () => this.clock.now().getTime(),
  );

  constructor(
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
    @Inject(SESSION_CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws when the provider cannot be reached */
  async signInUrl(redirectUri: string, { state, nonce, codeVerifier }: SignInChecks): Promise<URL> {
    const { scope, parameters } = this.options.oidc;
    return buildAuthorizationUrl(await this.discovered(), {
      ...parameters,
      redirect_uri: redirectUri,
      scope,
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
  }

  /** @param callback where the provider sent the browser, with what it said @throws when it is no answer to this request */
  async signIn(callback: URL, { state, nonce, codeVerifier }: SignInChecks): Promise<ReceivedTokens> {
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true };
    return this.received(await authorizationCodeGrant(await this.discovered(), callback, checks));
  }

  /** @throws RefreshFailure */
  async refresh({ refreshToken, idToken }: SessionTokens, subject: string, { resource, scope }: WantedToken): Promise<ReceivedTokens> {
    if (refreshToken === undefined) throw new RefreshFailure('ended', new Error('There is no refresh token.'));
    const configuration = await this.discovered().catch((error: unknown) => {
      throw new RefreshFailure('unavailable', error);
    });
    const parameters = { ...(resource !== undefined && { resource }), ...(scope !== undefined && { scope }) };
    const answer = await refreshTokenGrant(configuration, refreshToken, parameters).catch((error: unknown) => {
      throw failureOf(error);
    });
    const { tokens, claims } = this.received(answer);
    if (claims && claims.sub !== subject) throw new RefreshFailure('ended', new Error('The provider answered for somebody else.'));
    return { tokens: { refreshToken, ...(idToken !== undefined && { idToken }), ...tokens }, ...(claims && { claims }) };
  }

  /** RFC 6749 §4.4, for a resource of RFC 8707 if one is named. @throws RefreshFailure */
  async appToken({ resource, scope }: { readonly resource?: string; readonly scope?: string }): Promise<AppToken> {
    const wanted = { ...(resource !== undefined && { resource }), ...(scope !== undefined && { scope }) };
    try {
      const { access_token: accessToken, expires_in: expiresIn } = await clientCredentialsGrant(await this.discovered(), wanted);
      const receivedAt = this.clock.now().getTime();
      return { accessToken, receivedAt, expiresAt: tokenExpiry(accessToken, expiresIn, receivedAt) };
    } catch (error) {
      throw failureOf(error);
    }
  }

  /** Best effort. */
  async revoke(refreshToken: string): Promise<void> {
    const configuration = await this.discovered();
    if (configuration.serverMetadata().revocation_endpoint !== undefined) await tokenRevocation(configuration, refreshToken);
  }

  /** Where the person signs out there, too. Undefined: the provider has no such place. @throws when it cannot be reached */
  async signOutUrl(idToken: string | undefined, returnTo: string): Promise<URL | undefined> {
    const configuration = await this.discovered();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    return buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: returnTo,
      ...(idToken === undefined ? { client_id: this.options.oidc.clientId } : { id_token_hint: idToken }),
    });
  }

  /** The last good reading, while the provider is away. @throws when there never was one */
  async discovered(): Promise<Configuration> {
    return this.configuration.get();
  }

  private async discover(): Promise<Configuration> {
    const { issuer, clientId } = this.options.oidc;
    const insecure = issuer.startsWith('http:');
    return discovery(new URL(issuer), clientId, undefined, await this.authentication(), {
      timeout: this.options.refresh.timeout,
      ...(insecure && { execute: [allowInsecureRequests] }), // checked at start: loopback only
    });
  }

  private async authentication(): Promise<ClientAuth> {
    const { clientSecret, clientAuthentication, privateKey } = this.options.oidc;
    if (privateKey) {
      const { key, kid } = await clientKey(privateKey);
      return PrivateKeyJwt(kid === undefined ? key : { key, kid });
    }
    if (clientSecret === undefined) return None();
    return clientAuthentication === 'client_secret_post' ? ClientSecretPost(clientSecret) : ClientSecretBasic(clientSecret);
  }

  private received(answer: Answer): ReceivedTokens {
    const receivedAt = this.clock.now().getTime();
    const claims = answer.claims();
    return {
      tokens: {
        accessToken: answer.access_token,
        receivedAt,
        expiresAt: tokenExpiry(answer.access_token, answer.expires_in, receivedAt),
        ...(answer.scope !== undefined && { scope: answer.scope }),
        ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
        ...(answer.id_token !== undefined && { idToken: answer.id_token }),
      },
      ...(claims && { claims: { ...claims } }),
    };
  }
}
