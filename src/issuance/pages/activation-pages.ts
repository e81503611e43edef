import { Injectable } from '@nestjs/common';
import type { BrowserReply } from '../../identity/browser/browser-request.js';
import type { BrowserSession } from '../../identity/browser/browser-sessions.js';
import { PageForms, type FormPurpose } from '../../identity/pages/page-forms.js';
import type { PageProblem } from '../../identity/pages/page-models.js';
import { PAGE_PATHS } from '../../identity/pages/page-paths.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import type { PageRequest } from '../../identity/pages/page-request.js';
import type { UserCode } from '../../protocol/user-code.js';
import type { DeviceRequestRecord } from '../../storage/device-request.store.js';
import { ClientDirectory } from '../clients/client-directory.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ACTIVATE_PATHS } from '../devices/activate-paths.js';
import { pageScopes } from './page-scopes.js';

/** What is shown of an entry that led nowhere. */
const LONGEST_SHOWN = 40;

/** What the pages for devices show. */
@Injectable()
export class ActivationPages {
  constructor(
    private readonly forms: PageForms,
    private readonly replies: PageReplies,
    private readonly clients: ClientDirectory,
    private readonly policy: ClientPolicy,
  ) {}

  /** Nobody is signed in: no code is looked at before. */
  signIn(reply: BrowserReply, code: UserCode | undefined): void {
    this.replies.redirect(reply, this.forms.href(PAGE_PATHS.signIn, { continue: this.hrefOf(code) }));
  }

  /** Asks for a code, after a problem with the one before. */
  async entry(request: PageRequest, reply: BrowserReply, session: BrowserSession, entered = '', problem?: PageProblem): Promise<void> {
    const model = {
      form: this.forms.make(request, reply, entryPurpose(session)),
      account: session.account.email,
      ...(entered !== '' && { code: entered.slice(0, LONGEST_SHOWN) }),
      ...(problem && { problem }),
    };
    await this.replies.send(request, reply, 'activate', model, {
      status: problem === undefined ? 200 : problem.seconds === undefined ? 400 : 429,
      ...(problem?.seconds !== undefined && { retryAfter: problem.seconds }),
    });
  }

  /** Goes on as by the complete link: where a form has led, reload and back would ask the person to send it again. */
  entered(reply: BrowserReply, code: UserCode): void {
    this.replies.redirect(reply, this.hrefOf(code));
  }

  /** Asks whether this is the device in front of the person, and whether its app may have what it asks for: after the complete link, too. RFC 8628 §5.4 */
  async confirm(
    request: PageRequest,
    reply: BrowserReply,
    session: BrowserSession,
    { code, asked }: { readonly code: UserCode; readonly asked: DeviceRequestRecord },
  ): Promise<void> {
    const client = await this.clients.find(asked.client);
    if (!client || client.disabledAt) return this.entry(request, reply, session, code, WRONG_CODE);
    await this.replies.send(request, reply, 'activate-confirm', {
      form: this.forms.make(request, reply, confirmPurpose(session, code), { user_code: code }),
      account: session.account.email,
      code,
      appName: client.displayName,
      scopes: pageScopes(asked.scopes, await this.policy.knownScopes()),
    });
  }

  /** A form that was made for somebody else or long ago, or that is no form of ours. */
  async expired(request: PageRequest, reply: BrowserReply, code?: UserCode): Promise<void> {
    await this.replies.send(request, reply, 'message', { code: 'expired', href: this.hrefOf(code) }, { status: 400 });
  }

  /** To a page that can be looked at again: the form before it could not be sent a second time. */
  answered(reply: BrowserReply, answer: DeviceAnswer): void {
    this.replies.redirect(reply, this.forms.href(ACTIVATE_PATHS.done, { answer }));
  }

  async done(request: PageRequest, reply: BrowserReply, code: DeviceAnswer): Promise<void> {
    await this.replies.send(request, reply, 'message', { code });
  }

  private hrefOf(code: UserCode | undefined): string {
    return this.forms.href(ACTIVATE_PATHS.entry, code === undefined ? {} : { user_code: code });
  }
}

/** Unknown, expired, or answered already: which of them, a guesser is not told. */
export const WRONG_CODE: PageProblem = { code: 'wrong-code' };

/** For whoever was given the form for a right code: it came too late, or it is the same form a second time. */
export const ANSWERED_CODE: PageProblem = { code: 'answered-code' };

export const DEVICE_ANSWERS = ['activated', 'denied'] as const;
export type DeviceAnswer = (typeof DEVICE_ANSWERS)[number];

export const entryPurpose = ({ sid }: BrowserSession): FormPurpose => ({ path: ACTIVATE_PATHS.entry, about: [sid] });

/** The form is given for a right code only: whoever sends it has not guessed. */
export const confirmPurpose = ({ sid }: BrowserSession, code: UserCode): FormPurpose => ({
  path: ACTIVATE_PATHS.confirm,
  about: [sid, code],
});
