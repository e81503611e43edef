import { Req, Res } from '@nestjs/common';
import { TooManyAttemptsError } from '../../identity/attempts/too-many-attempts.error.js';
import type { BrowserReply } from '../../identity/browser/browser-request.js';
import { BrowserSessions, type BrowserSession } from '../../identity/browser/browser-sessions.js';
import { PageForms } from '../../identity/pages/page-forms.js';
import { formOf, queryOf, type PageRequest } from '../../identity/pages/page-request.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import { parseUserCode } from '../../protocol/user-code.js';
import { ACTIVATE_PATHS } from '../devices/activate-paths.js';
import { UserCodeGuesses } from '../devices/user-code-guesses.js';
import { ActivationPages, entryPurpose, WRONG_CODE } from './activation-pages.js';
import { DevicePage } from './device-page.decorator.js';

/** `/activate`: a person who is signed in types the code that a device shows, or comes by its complete link (RFC 8628 §3.3). */
@DevicePage()
export class ActivatePageController {
  constructor(
    private readonly sessions: BrowserSessions,
    private readonly forms: PageForms,
    private readonly guesses: UserCodeGuesses,
    private readonly pages: ActivationPages,
  ) {}

  @PageRoute('GET', ACTIVATE_PATHS.entry)
  async show(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const session = await this.sessions.current(request);
    const entered = queryOf(request, 'user_code');
    if (!session) return this.pages.signIn(reply, parseUserCode(entered ?? ''));
    if (entered === undefined) return this.pages.entry(request, reply, session);
    await this.lookUp(request, reply, session, entered);
  }

  @PageRoute('POST', ACTIVATE_PATHS.entry)
  async enter(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const form = formOf(request);
    const entered = form.get('user_code') ?? '';
    const session = await this.sessions.current(request);
    const code = parseUserCode(entered);
    if (!session) return this.pages.signIn(reply, code);
    if (!this.forms.isGenuine(request, entryPurpose(session), form)) return this.pages.expired(request, reply, code);
    if (!code) return this.pages.entry(request, reply, session, entered, WRONG_CODE);
    this.pages.entered(reply, code);
  }

  private async lookUp(request: PageRequest, reply: BrowserReply, session: BrowserSession, entered: string): Promise<void> {
    try {
      const code = parseUserCode(entered);
      const asked = code && (await this.guesses.find(code, { subject: session.subject, address: request.ip }));
      if (code && asked) return await this.pages.confirm(request, reply, session, { code, asked });
      await this.pages.entry(request, reply, session, entered, WRONG_CODE);
    } catch (error) {
      if (!(error instanceof TooManyAttemptsError)) throw error;
      await this.pages.entry(request, reply, session, entered, { code: 'too-many-attempts', seconds: error.retryAfter });
    }
  }
}
