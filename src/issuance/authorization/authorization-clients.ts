import { Injectable } from '@nestjs/common';
import type { Parameters } from '../../protocol/form.js';
import { invalidRequest } from '../../protocol/oauth-error.js';
import { isNative, isRegistered } from '../../protocol/redirect-uri.js';
import { isSubset } from '../../protocol/scope.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientDirectory } from '../clients/client-directory.js';
import type { AuthorizationRequest, ResponseTarget } from './authorization-request.js';
import { responseMode } from './request-parameters.js';

/** Where a request asks its answer to be sent. */
export interface ProvenTarget extends ResponseTarget {
  readonly redirectUriOmitted?: true;
}

/** Whose request it is, and where the answer may go: before both are proven nothing is ever sent to a client (RFC 9700 §4.11). */
@Injectable()
export class AuthorizationClients {
  constructor(private readonly clients: ClientDirectory) {}

  /** @throws OAuthError invalid_request: none that is enabled; StorageUnavailableError */
  async require(id: string): Promise<ClientRecord> {
    const client = await this.clients.find(id);
    if (!client || client.disabledAt) throw invalidRequest('The client is unknown or disabled.');
    return client;
  }

  /** The redirect URI of the request, one of the client's. @throws OAuthError invalid_request */
  target(client: ClientRecord, parameters: Parameters): ProvenTarget {
    const sent = parameters.get('redirect_uri');
    const redirectUri = sent ?? onlyRedirectUri(client, parameters);
    if (!mayBeSentTo(client, redirectUri)) throw invalidRequest('redirect_uri is none that the client has registered.');
    const state = parameters.get('state');
    const mode = responseMode(parameters);
    return {
      redirectUri,
      ...(sent === undefined && { redirectUriOmitted: true }),
      // No browser posts to an app's own scheme.
      responseMode: mode === 'form_post' && /^https?:/i.test(redirectUri) ? mode : 'query',
      ...(state !== undefined && { state }),
    };
  }

  /**
   * The client of a request that was checked some time ago. Undefined: it may not make this request any longer.
   * @throws StorageUnavailableError
   */
  async stillPermitted(request: AuthorizationRequest): Promise<ClientRecord | undefined> {
    const client = await this.clients.find(request.client);
    if (!client || client.disabledAt || !mayBeSentTo(client, request.redirectUri)) return undefined;
    const { endpoints, grantTypes, scopes } = client.permissions;
    const permitted = endpoints.includes('authorization') && grantTypes.includes('authorization_code');
    return permitted && isSubset(request.scopes, scopes) ? client : undefined;
  }
}

/** RFC 6749 §3.1.2.3: it may be left out if there is but one. OpenID Connect Core §3.1.2.1: there it may not. */
function onlyRedirectUri({ redirectUris: [only, ...others] }: ClientRecord, parameters: Parameters): string {
  const openid = (parameters.get('scope') ?? '').split(' ').includes('openid');
  if (only === undefined || others.length > 0 || openid) throw invalidRequest('The parameter redirect_uri is missing.');
  return only;
}

/** Native apps are public clients (RFC 8252 §8.4). */
const mayBeSentTo = ({ redirectUris, type }: ClientRecord, redirectUri: string): boolean =>
  isRegistered(redirectUri, redirectUris, type === 'public' && isNative(redirectUri));
