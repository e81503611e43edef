import { Inject, Injectable } from '@nestjs/common';
import type { Parameters } from '../../protocol/form.js';
import { invalidRequest } from '../../protocol/oauth-error.js';
import { isRegistered } from '../../protocol/redirect-uri.js';
import { ClientDirectory } from '../clients/client-directory.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { SealedTickets } from '../keys/sealed-tickets.js';
import { IdTokenHints, type IdTokenHint } from '../tokens/id-token-hints.js';
import type { SignOutRequest } from './sign-out-request.js';

const TICKET = 'sign-out+jwe';
/** Bytes. A ticket travels in an address, which servers and proxies bound. */
const LONGEST_STATE = 4096;
const MOST_LOCALES = 20;
const LANGUAGE_TAG = /^[A-Za-z0-9-]{1,35}$/; // RFC 5646 §4.4.1

/** Reads requests to sign out. Whatever is wrong with one is told to the person, who is sent nowhere. Every method may throw StorageUnavailableError. */
@Injectable()
export class SignOutRequests {
  constructor(
    private readonly hints: IdTokenHints,
    private readonly clients: ClientDirectory,
    private readonly policy: ClientPolicy,
    private readonly tickets: SealedTickets,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** @throws OAuthError invalid_request, unauthorized_client */
  async read(parameters: Parameters): Promise<SignOutRequest> {
    const hint = await this.hint(parameters.get('id_token_hint'));
    const client = parameters.get('client_id') ?? hint?.client;
    if (hint && client !== hint.client) throw invalidRequest('client_id is not the client that the id_token_hint was issued to.');
    const redirectUri = parameters.get('post_logout_redirect_uri');
    const state = parameters.get('state');
    if (state !== undefined && Buffer.byteLength(JSON.stringify(state)) > LONGEST_STATE) throw invalidRequest('state is too long.');
    const request: SignOutRequest = {
      ...(client !== undefined && { client }),
      ...(redirectUri !== undefined && { redirectUri }),
      ...(state !== undefined && { state }),
      ...(hint?.sid !== undefined && { session: { subject: hint.subject, sid: hint.sid } }),
      uiLocales: localesOf(parameters.get('ui_locales')),
    };
    await this.check(request);
    return request;
  }

  /** The request as the browser takes it along to the page that asks. */
  seal(request: SignOutRequest): Promise<string> {
    return this.tickets.seal(TICKET, request, this.options.interactionLifetime);
  }

  /** Undefined: none of ours, or its time is over. @throws OAuthError what the client could do then it may not do now */
  async open(ticket: string): Promise<SignOutRequest | undefined> {
    const request = (await this.tickets.open(TICKET, ticket)) as SignOutRequest | undefined;
    if (request) await this.check(request);
    return request;
  }

  private async hint(token: string | undefined): Promise<IdTokenHint | undefined> {
    const hint = token === undefined ? undefined : await this.hints.read(token);
    if (token !== undefined && !hint) throw invalidRequest('id_token_hint is no id token of this service.');
    return hint;
  }

  private async check({ client: id, redirectUri }: SignOutRequest): Promise<void> {
    if (id === undefined) {
      // §3: without an app that asks there is nobody whose addresses it could be among.
      if (redirectUri !== undefined) throw invalidRequest('post_logout_redirect_uri needs an id_token_hint or a client_id.');
      return;
    }
    const client = await this.clients.read(id); // past the cache: it decides where a person is sent
    if (!client || client.disabledAt) throw invalidRequest('The client is unknown.');
    this.policy.requireEndpoint(client, 'end_session');
    // The same string, without a native app's free port: nothing is handed over here for which an app would listen.
    if (redirectUri !== undefined && !isRegistered(redirectUri, client.postLogoutRedirectUris, false))
      throw invalidRequest('post_logout_redirect_uri is not registered for the client.');
  }
}

const localesOf = (uiLocales = ''): string[] =>
  uiLocales
    .split(' ')
    .filter((tag) => LANGUAGE_TAG.test(tag))
    .slice(0, MOST_LOCALES);
