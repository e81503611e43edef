import { Controller, Req, Res } from '@nestjs/common';
import { parseForm, type Parameters } from '../../protocol/form.js';
import { normaliseEmail } from '../accounts/email.js';
import { TooManyAttemptsError } from '../attempts/too-many-attempts.error.js';
import { BrowserCookies } from '../browser/browser-cookies.js';
import { BrowserSessions } from '../browser/browser-sessions.js';
import type { BrowserReply, BrowserRequest } from '../browser/browser-request.js';
import { FormTokens } from '../browser/form-tokens.js';
import { isSameOrigin } from '../browser/same-origin.js';
import { CredentialCheck } from '../credential-check.js';
import { IssuerAddress } from '../issuer-address.js';
import type { Continuation } from './continuations.js';
import { AllContinuations } from './own-continuations.js';
import { PageReplies } from './page-replies.js';
import type { PageProblem } from './page-models.js';
import { PageRoute } from './page-route.decorator.js';

type PageRequest = BrowserRequest & { readonly query: Readonly<Record<string, unknown>>; readonly body?: unknown };

const PATH = '/sign-in';
const PURPOSE = ['sign-in'];

/** `/sign-in`: the person proves who they are by e-mail and password, and goes on where they came from. */
@Controller()
export class SignInPageController {
  constructor(
    private readonly sessions: BrowserSessions,
    private readonly credentials: CredentialCheck,
    private readonly continuations: AllContinuations,
    private readonly replies: PageReplies,
    private readonly cookies: BrowserCookies,
    private readonly tokens: FormTokens,
    private readonly address: IssuerAddress,
  ) {}

  @PageRoute('GET', PATH)
  async show(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const { continue: href } = request.query;
    const way = await this.continuations.find(typeof href === 'string' ? href : undefined, request);
    if (!way) return this.replies.send(request, reply, 'message', { code: 'expired' }, { status: 400 });
    const session = await this.sessions.current(request);
    if (session && way.satisfiedBy(session)) return this.replies.redirect(reply, way.href);
    await this.page(request, reply, way, way.loginHint ?? session?.account.email);
  }

  @PageRoute('POST', PATH)
  async signIn(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    const form = parseForm(request.body as Buffer);
    const way = await this.continuations.find(form.get('continue'), request);
    const genuine =
      isSameOrigin(request, this.address.origin) && this.tokens.verify(this.cookies.knownBrowser(request), PURPOSE, form.get('csrf'));
    if (!way || !genuine) return this.replies.send(request, reply, 'message', { code: 'expired' }, { status: 400 });
    const problem = await this.attempt(request, reply, form);
    if (!problem) return this.replies.redirect(reply, way.href);
    await this.page(request, reply, way, form.get('email'), problem);
  }

  private async attempt(request: PageRequest, reply: BrowserReply, form: Parameters): Promise<PageProblem | undefined> {
    const email = normaliseEmail(form.get('email') ?? '');
    const password = form.get('password') ?? '';
    try {
      const account =
        email === undefined || password === '' ? undefined : await this.credentials.prove({ email, password, address: request.ip });
      const session = account && (await this.sessions.signIn(request, reply, account, ['pwd']));
      return session ? undefined : { code: 'wrong-credentials' };
    } catch (error) {
      if (error instanceof TooManyAttemptsError) return { code: 'too-many-attempts', seconds: error.retryAfter };
      throw error;
    }
  }

  private async page(request: PageRequest, reply: BrowserReply, way: Continuation, email?: string, problem?: PageProblem): Promise<void> {
    const csrf = this.tokens.issue(this.cookies.browser(request, reply), PURPOSE);
    const model = {
      form: { action: this.address.href(PATH), fields: { csrf, continue: way.href } },
      ...(way.appName !== undefined && { appName: way.appName }),
      ...(email !== undefined && { email }),
      ...(problem && { problem }),
    };
    const status = problem?.code === 'too-many-attempts' ? 429 : problem ? 401 : 200;
    await this.replies.send(request, reply, 'sign-in', model, { status, formAction: way.formAction, uiLocales: way.uiLocales });
  }
}
