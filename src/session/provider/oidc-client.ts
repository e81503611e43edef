import { Inject, Injectable } from '@nestjs/common';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  ClientError,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  discovery,
  None,
  refreshTokenGrant,
  ResponseBodyError,
  tokenRevocation,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client';
import { Clock } from '../../protocol/clock.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import type { SessionTokens, UserClaims } from '../state/session-state.js';
import { SESSION_CLOCK } from '../session-clock.js';
import { RefreshFailure } from './refresh-failure.js';

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

type Answer = TokenEndpointResponse & TokenEndpointResponseHelpers;

/** Seconds that a token of unknown lifetime is taken to live. */
const UNKNOWN_LIFETIME = 300;
const OURS: readonly string[] = ['invalid_client', 'unauthorized_client', 'invalid_scope'];

/** The provider, by its discovery document: read when it is first needed, and kept. The app starts without it. */
@Injectable()
export class OidcClient {
  private configuration: Promise<Configuration> | undefined;

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
  async refresh({ refreshToken, ...before }: SessionTokens, subject: string): Promise<ReceivedTokens> {
    if (refreshToken === undefined) throw new RefreshFailure('ended', new Error('There is no refresh token.'));
    try {
      const { tokens, claims } = this.received(await refreshTokenGrant(await this.discovered(), refreshToken));
      if (claims && claims.sub !== subject) throw new RefreshFailure('ended', new Error('The provider answered for somebody else.'));
      const kept = { refreshToken, ...(before.idToken !== undefined && { idToken: before.idToken }) };
      return { tokens: { ...kept, ...tokens }, ...(claims && { claims }) };
    } catch (error) {
      throw error instanceof RefreshFailure ? error : failureOf(error);
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

  /** One reading for all who wait; a failed one is none. */
  discovered(): Promise<Configuration> {
    this.configuration ??= this.discover().catch((error: unknown) => {
      this.configuration = undefined;
      throw error;
    });
    return this.configuration;
  }

  private async discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret, clientAuthentication } = this.options.oidc;
    const authentication =
      clientSecret === undefined
        ? None()
        : clientAuthentication === 'client_secret_post'
          ? ClientSecretPost(clientSecret)
          : ClientSecretBasic(clientSecret);
    const insecure = issuer.startsWith('http:');
    return discovery(new URL(issuer), clientId, undefined, authentication, {
      timeout: this.options.refresh.timeout,
      ...(insecure && { execute: [allowInsecureRequests] }), // checked at start: loopback only
    });
  }

  private received(answer: Answer): ReceivedTokens {
    const receivedAt = this.clock.now().getTime();
    const lifetime = answer.expires_in ?? UNKNOWN_LIFETIME;
    const claims = answer.claims();
    return {
      tokens: {
        accessToken: answer.access_token,
        receivedAt,
        expiresAt: receivedAt + lifetime * 1000,
        ...(answer.scope !== undefined && { scope: answer.scope }),
        ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
        ...(answer.id_token !== undefined && { idToken: answer.id_token }),
      },
      ...(claims && { claims: { ...claims } }),
    };
  }
}

function failureOf(error: unknown): RefreshFailure {
  if (error instanceof ResponseBodyError) {
    if (error.error === 'invalid_grant') return new RefreshFailure('ended', error);
    if (OURS.includes(error.error)) return new RefreshFailure('misconfigured', error);
    return new RefreshFailure('unavailable', error);
  }
  // A signature, an issuer or an audience that is not right.
  if (error instanceof ClientError && error.code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED') return new RefreshFailure('ended', error);
  return new RefreshFailure('unavailable', error);
}
