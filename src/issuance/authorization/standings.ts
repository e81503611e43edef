import { Injectable } from '@nestjs/common';
import type { BrowserRequest } from '../../identity/browser/browser-request.js';
import { BrowserSessions, type BrowserSession } from '../../identity/browser/browser-sessions.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ConsentStore } from '../../storage/consent.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { AuthorizationClients } from './authorization-clients.js';
import type { AuthorizationTicket } from './authorization-ticket.js';
import { ExpiredRequestError } from './expired-request.error.js';
import { askingOf, nextStep, type Asking, type Step } from './next-step.js';

/** Where a request stands at this moment. */
export type Standing = StandingOfSession | { readonly step: 'sign-in'; readonly client: ClientRecord };

export interface StandingOfSession {
  readonly step: Exclude<Step, 'sign-in'>;
  readonly client: ClientRecord;
  readonly session: BrowserSession;
  readonly asking: Asking;
  /** What the person has allowed to the client before; not looked for where nobody is asked. */
  readonly allowed?: readonly string[];
}

/** Looks at everything anew, whatever page a person comes from: sessions end, consents are withdrawn, clients are disabled meanwhile. */
@Injectable()
export class Standings {
  constructor(
    private readonly sessions: BrowserSessions,
    private readonly clients: AuthorizationClients,
    private readonly consents: ConsentStore,
    private readonly policy: ClientPolicy,
  ) {}

  /** @throws ExpiredRequestError: the client may not make this request any longer; StorageUnavailableError */
  async of(ticket: AuthorizationTicket, browser: BrowserRequest): Promise<Standing> {
    const client = await this.clients.stillPermitted(ticket.request);
    if (!client) throw new ExpiredRequestError();
    const session = await this.sessions.current(browser);
    const asking = askingOf(ticket, client.type, this.policy.authorizationSettings(client));
    const allowed = session && asking !== 'never' ? await this.consents.find(session.subject, client.id) : undefined;
    const step = nextStep({ ticket, session, asking, allowed });
    if (!session || step === 'sign-in') return { client, step: 'sign-in' };
    return { client, step, session, asking, ...(allowed && { allowed }) };
  }
}
