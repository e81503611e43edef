import { Injectable } from '@nestjs/common';
import type { BrowserRequest } from '../../identity/browser/browser-request.js';
import { IssuerAddress } from '../../identity/issuer-address.js';
import { Continuations, type Continuation } from '../../identity/pages/continuations.js';
import { policySource } from '../../protocol/redirect-uri.js';
import { ActivationContinuation } from '../devices/activation-continuation.js';
import { AuthorizationClients } from './authorization-clients.js';
import { AuthorizationTickets } from './authorization-tickets.js';
import { isSignedIn } from './next-step.js';
import { WAY_PATHS } from './way-paths.js';

/** Where people go on after signing in for an app, or for a device. */
@Injectable()
export class AuthorizationContinuations extends Continuations {
  constructor(
    private readonly tickets: AuthorizationTickets,
    private readonly clients: AuthorizationClients,
    private readonly address: IssuerAddress,
    private readonly activation: ActivationContinuation,
  ) {
    super();
  }

  override async find(href: string, browser: BrowserRequest): Promise<Continuation | undefined> {
    const before = this.address.href(WAY_PATHS.continue, { ticket: '' });
    const ticket = href.startsWith(before) ? await this.tickets.open(href.slice(before.length), browser) : undefined;
    const client = ticket && (await this.clients.stillPermitted(ticket.request));
    if (!client) return this.activation.find(href);
    const { redirectUri, loginHint, uiLocales } = ticket.request;
    // Who wants to be somebody else is not offered the same name again.
    const hint = ticket.anotherSince === undefined ? loginHint : '';
    return {
      href,
      appName: client.displayName,
      ...(hint !== undefined && { loginHint: hint }),
      uiLocales,
      formAction: [policySource(redirectUri)],
      satisfiedBy: (session) => isSignedIn(ticket, session),
    };
  }
}
