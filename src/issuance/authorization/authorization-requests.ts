import { Injectable } from '@nestjs/common';
import type { Parameters } from '../../protocol/form.js';
import { invalidRequest } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { IdTokenHints } from '../tokens/id-token-hints.js';
import { AuthorizationClients, type ProvenTarget } from './authorization-clients.js';
import type { AuthorizationRequest } from './authorization-request.js';
import { answerable } from './refused-authorization.error.js';
import { codeChallenge, maxAge, prompts, refuseUnsupported, requireResponseType, responseMode, uiLocales } from './request-parameters.js';

/** Bytes of what is kept of a request: tickets of it travel in addresses, and these in headers of other requests. */
const LARGEST_KEPT = 4_096;

/** Authorization requests from their parameters, every rule checked. What is not named here is ignored (RFC 6749 §3.1): display, claims, acr_values, … */
@Injectable()
export class AuthorizationRequests {
  constructor(
    private readonly clients: AuthorizationClients,
    private readonly policy: ClientPolicy,
    private readonly hints: IdTokenHints,
  ) {}

  /**
   * A request as a browser brings it.
   *
   * @throws OAuthError: neither client nor redirect URI are proven, nothing may be sent there; RefusedAuthorizationError: it may
   */
  async receive(parameters: Parameters): Promise<AuthorizationRequest> {
    const client = await this.clients.require(parameters.require('client_id'));
    const target = this.clients.target(client, parameters);
    return answerable(target, () => {
      // RFC 9126 §4
      if (this.policy.authorizationSettings(client).requirePushedRequests)
        throw invalidRequest('The client must push its authorization requests.');
      return this.check(client, target, parameters);
    });
  }

  /** A request as its authenticated client pushes it (RFC 9126 §2.1). @throws OAuthError */
  async push(client: ClientRecord, parameters: Parameters): Promise<AuthorizationRequest> {
    this.policy.requireEndpoint(client, 'pushed_authorization');
    if (parameters.get('request_uri') !== undefined) throw invalidRequest('A request_uri cannot be pushed.');
    return this.check(client, this.clients.target(client, parameters), parameters);
  }

  private async check(client: ClientRecord, target: ProvenTarget, parameters: Parameters): Promise<AuthorizationRequest> {
    refuseUnsupported(parameters);
    requireResponseType(parameters);
    if (responseMode(parameters) !== target.responseMode)
      throw invalidRequest('The response mode must be query, or form_post to an address of the web.');
    this.policy.requireEndpoint(client, 'authorization');
    this.policy.requireGrantType(client, 'authorization_code');
    const challenge = codeChallenge(parameters, this.policy.authorizationSettings(client).requirePkce);
    const nonce = parameters.get('nonce');
    const seconds = maxAge(parameters);
    const loginHint = parameters.get('login_hint');
    const scopes = await this.policy.requestedScopes(client, parameters.get('scope'));
    const hintedSubject = await this.hintedSubject(client, parameters);
    const request: AuthorizationRequest = {
      ...target,
      client: client.id,
      scopes,
      resources: await this.policy.audience(client, scopes, parameters.all('resource')),
      prompts: prompts(parameters),
      uiLocales: uiLocales(parameters),
      ...(challenge !== undefined && { codeChallenge: challenge }),
      ...(nonce !== undefined && { nonce }),
      ...(seconds !== undefined && { maxAge: seconds }),
      ...(loginHint !== undefined && { loginHint }),
      ...(hintedSubject !== undefined && { hintedSubject }),
    };
    if (Buffer.byteLength(JSON.stringify(request)) > LARGEST_KEPT) throw invalidRequest('The request is too large.');
    return request;
  }

  private async hintedSubject({ id }: ClientRecord, parameters: Parameters): Promise<string | undefined> {
    const token = parameters.get('id_token_hint');
    if (token === undefined) return undefined;
    const hint = await this.hints.read(token);
    // Another client's would tell this one whether that person is signed in here.
    if (hint?.client !== id) throw invalidRequest('id_token_hint is no id token of this client.');
    return hint.subject;
  }
}
