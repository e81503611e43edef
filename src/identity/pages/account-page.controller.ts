import { NotFoundException, Req, Res } from '@nestjs/common';
import { BrowserSessions, type BrowserSession } from '../browser/browser-sessions.js';
import type { BrowserReply } from '../browser/browser-request.js';
import { AccountChanges, ACCOUNT_CHANGES } from './account-changes.js';
import { AccountOverview } from './account-overview.js';
import { PageController } from './page-controller.decorator.js';
import { PageForms, type FormPurpose } from './page-forms.js';
import { PAGE_PATHS } from './page-paths.js';
import { PageReplies } from './page-replies.js';
import { formOf, queryOf, type PageRequest } from './page-request.js';
import { PageRoute } from './page-route.decorator.js';

const PATH = PAGE_PATHS.account;

/** `/account`: where a person is signed in and which apps may do what; each can be ended here. */
@PageController()
export class AccountPageController {
  constructor(
    private readonly sessions: BrowserSessions,
    private readonly overview: AccountOverview,
    private readonly changes: AccountChanges,
    private readonly forms: PageForms,
    private readonly replies: PageReplies,
  ) {}

  @PageRoute('GET', PATH)
  async show(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const session = await this.sessions.current(request);
    if (!session) return this.signIn(reply);
    const { displayName, email } = session.account;
    const done = ACCOUNT_CHANGES.find((change) => change === queryOf(request, 'done'));
    await this.replies.send(request, reply, 'account', {
      form: this.forms.make(request, reply, purposeOf(session)),
      account: { email, ...(displayName !== undefined && { name: displayName }) },
      sessions: await this.overview.sessions(session),
      apps: await this.overview.apps(session),
      signOutHref: this.forms.href(PAGE_PATHS.signOut),
      ...(done && { notice: done }),
    });
  }

  @PageRoute('POST', PATH)
  async change(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const session = await this.sessions.current(request);
    if (!session) return this.signIn(reply);
    const form = formOf(request);
    if (!this.forms.isGenuine(request, purposeOf(session), form))
      return this.replies.send(request, reply, 'message', { code: 'expired', href: this.forms.href(PATH) }, { status: 400 });
    const done = await this.changes.make(session, form);
    if (!done) throw new NotFoundException();
    if (form.get('end') === session.sid) {
      await this.sessions.signOut(request, reply); // it has ended, with all its grants: the cookie goes
      return this.signIn(reply);
    }
    this.replies.redirect(reply, this.forms.href(PATH, { done }));
  }

  private signIn(reply: BrowserReply): void {
    this.replies.redirect(reply, this.forms.href(PAGE_PATHS.signIn, { continue: this.forms.href(PATH) }));
  }
}

/** Of the session: a form from before somebody else signed in with this browser does nothing to them. */
const purposeOf = ({ sid }: BrowserSession): FormPurpose => ({ path: PATH, about: [sid] });
