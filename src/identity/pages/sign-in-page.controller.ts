import { Req, Res } from '@nestjs/common';
import type { Parameters } from '../../protocol/form.js';
import { normaliseEmail } from '../accounts/email.js';
import { TooManyAttemptsError } from '../attempts/too-many-attempts.error.js';
import { BrowserSessions } from '../browser/browser-sessions.js';
import type { BrowserReply } from '../browser/browser-request.js';
import { CredentialCheck } from '../credential-check.js';
import { Registration } from '../registration.js';
import { isTyped, LONGEST_PASSWORD } from '../typed-text.js';
import { Entrance, type Visit } from './entrance.js';
import { PageController } from './page-controller.decorator.js';
import type { PageProblem } from './page-models.js';
import { PAGE_PATHS } from './page-paths.js';
import { PageReplies } from './page-replies.js';
import type { PageRequest } from './page-request.js';
import { PageRoute } from './page-route.decorator.js';

const PATH = PAGE_PATHS.signIn;
const PURPOSE = { path: PATH };

/** `/sign-in`: the person proves who they are by e-mail and password, and goes on where they came from. */
@PageController()
export class SignInPageController {
  constructor(
    private readonly entrance: Entrance,
    private readonly credentials: CredentialCheck,
    private readonly sessions: BrowserSessions,
    private readonly registration: Registration,
    private readonly replies: PageReplies,
  ) {}

  @PageRoute('GET', PATH)
  async show(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const visit = await this.entrance.arrive(request, reply);
    if (visit) await this.page(request, reply, visit);
  }

  @PageRoute('POST', PATH)
  async signIn(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const received = await this.entrance.receive(request, reply, PURPOSE);
    if (!received) return;
    const { form, way } = received;
    const problem = await this.attempt(request, reply, form);
    if (!problem) return this.entrance.goOn(reply, way);
    const email = form.get('email');
    await this.page(request, reply, { way, ...(email !== undefined && { email }) }, problem);
  }

  private async attempt(request: PageRequest, reply: BrowserReply, form: Parameters): Promise<PageProblem | undefined> {
    const email = normaliseEmail(form.get('email') ?? '');
    const password = form.get('password') ?? '';
    const wrong = { code: 'wrong-credentials' };
    if (email === undefined || !isTyped(password, LONGEST_PASSWORD)) return wrong;
    try {
      const account = await this.credentials.prove({ email, password, address: request.ip });
      const session = account && (await this.sessions.signIn(request, reply, account, ['pwd']));
      return session ? undefined : wrong;
    } catch (error) {
      if (error instanceof TooManyAttemptsError) return { code: 'too-many-attempts', seconds: error.retryAfter };
      throw error;
    }
  }

  private async page(request: PageRequest, reply: BrowserReply, { way, email }: Visit, problem?: PageProblem): Promise<void> {
    const model = {
      form: this.entrance.form(request, reply, PURPOSE, way),
      ...(way.appName !== undefined && { appName: way.appName }),
      ...(email !== undefined && { email }),
      ...(problem && { problem }),
      ...(this.registration.open && { registerHref: this.entrance.link(PAGE_PATHS.register, way) }),
    };
    await this.replies.send(request, reply, 'sign-in', model, {
      status: problem === undefined ? 200 : problem.seconds === undefined ? 401 : 429,
      formAction: way.formAction,
      uiLocales: way.uiLocales,
      ...(problem?.seconds !== undefined && { retryAfter: problem.seconds }),
    });
  }
}
