import { NotFoundException, Req, Res } from '@nestjs/common';
import type { BrowserReply } from '../../identity/browser/browser-request.js';
import { BrowserSessions } from '../../identity/browser/browser-sessions.js';
import { PageForms } from '../../identity/pages/page-forms.js';
import { formOf, queryOf, type PageRequest } from '../../identity/pages/page-request.js';
import { PageRoute } from '../../identity/pages/page-route.decorator.js';
import { parseUserCode } from '../../protocol/user-code.js';
import { ACTIVATE_PATHS } from '../devices/activate-paths.js';
import { DeviceRequests } from '../devices/device-requests.js';
import { ActivationPages, ANSWERED_CODE, confirmPurpose, DEVICE_ANSWERS } from './activation-pages.js';
import { DevicePage } from './device-page.decorator.js';

/** `/activate/confirm`: the person's answer to a device. Of any number at once the first one counts. `/activate/done` says which it was. */
@DevicePage()
export class ActivateConfirmPageController {
  constructor(
    private readonly sessions: BrowserSessions,
    private readonly forms: PageForms,
    private readonly requests: DeviceRequests,
    private readonly pages: ActivationPages,
  ) {}

  @PageRoute('POST', ACTIVATE_PATHS.confirm)
  async decide(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const form = formOf(request);
    const code = parseUserCode(form.get('user_code') ?? '');
    const session = await this.sessions.current(request);
    if (!session) return this.pages.signIn(reply, code);
    const decision = form.get('decision');
    const genuine = code && this.forms.isGenuine(request, confirmPurpose(session, code), form);
    if (!genuine || (decision !== 'allow' && decision !== 'deny')) return this.pages.expired(request, reply, code);
    const asked = await this.requests.find(code);
    const allowed = decision === 'allow';
    const done = asked && (await (allowed ? this.requests.approve(asked, session) : this.requests.deny(asked)));
    if (!done) return this.pages.entry(request, reply, session, code, ANSWERED_CODE);
    this.pages.answered(reply, allowed ? 'activated' : 'denied');
  }

  @PageRoute('GET', ACTIVATE_PATHS.done)
  async done(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const answer = DEVICE_ANSWERS.find((each) => each === queryOf(request, 'answer'));
    if (!answer) throw new NotFoundException();
    await this.pages.done(request, reply, answer);
  }
}
