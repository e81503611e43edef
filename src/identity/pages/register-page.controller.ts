import { Inject, NotFoundException, Req, Res } from '@nestjs/common';
import type { Parameters } from '../../protocol/form.js';
import type { Account } from '../accounts/accounts.js';
import { isDisplayName } from '../accounts/display-name.js';
import { TooManyAttemptsError } from '../attempts/too-many-attempts.error.js';
import { BrowserSessions } from '../browser/browser-sessions.js';
import type { BrowserReply } from '../browser/browser-request.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { Registration, type Applicant } from '../registration.js';
import { isTyped, LONGEST_EMAIL, LONGEST_PASSWORD } from '../typed-text.js';
import { UserError } from '../user-error.js';
import { Entrance, type Visit } from './entrance.js';
import { PageController } from './page-controller.decorator.js';
import type { PageProblem } from './page-models.js';
import { PAGE_PATHS } from './page-paths.js';
import { PageReplies } from './page-replies.js';
import type { PageRequest } from './page-request.js';
import { PageRoute } from './page-route.decorator.js';

const PATH = PAGE_PATHS.register;
const PURPOSE = { path: PATH };

/** `/register`: a new account, signed in at once. By the rules of `POST /auth/register`. */
@PageController()
export class RegisterPageController {
  constructor(
    private readonly entrance: Entrance,
    private readonly registration: Registration,
    private readonly sessions: BrowserSessions,
    private readonly replies: PageReplies,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {}

  @PageRoute('GET', PATH)
  async show(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    this.mustBeOpen();
    const visit = await this.entrance.arrive(request, reply);
    if (visit) await this.page(request, reply, { way: visit.way }, undefined);
  }

  @PageRoute('POST', PATH)
  async register(@Req() request: PageRequest, @Res() reply: BrowserReply): Promise<void> {
    this.mustBeOpen();
    const received = await this.entrance.receive(request, reply, PURPOSE);
    if (!received) return;
    const { form, way } = received;
    const outcome = await this.attempt(applicantOf(form, request.ip));
    if ('code' in outcome) return this.page(request, reply, { way }, form, outcome);
    // Undefined if the account has changed in this instant: the page to go on to will ask to sign in.
    await this.sessions.signIn(request, reply, outcome, ['pwd']);
    return this.entrance.goOn(reply, way);
  }

  private mustBeOpen(): void {
    if (!this.registration.open) throw new NotFoundException();
  }

  private async attempt(applicant: Applicant): Promise<Account | PageProblem> {
    const misfit = misfitOf(applicant);
    if (misfit !== undefined) return { code: misfit };
    try {
      return await this.registration.register(applicant);
    } catch (error) {
      if (error instanceof TooManyAttemptsError) return { code: 'too-many-attempts', seconds: error.retryAfter };
      if (!(error instanceof UserError)) throw error;
      return { code: error.refusal ? `password-${error.refusal}` : error.code };
    }
  }

  private async page(
    request: PageRequest,
    reply: BrowserReply,
    { way }: Visit,
    form: Parameters | undefined,
    problem?: PageProblem,
  ): Promise<void> {
    const [email, displayName] = [form?.get('email'), form?.get('displayName')];
    const model = {
      form: this.entrance.form(request, reply, PURPOSE, way),
      ...(way.appName !== undefined && { appName: way.appName }),
      ...(email !== undefined && { email }),
      ...(displayName !== undefined && { displayName }),
      ...(problem && { problem }),
      passwordMinLength: this.options.passwordPolicy.minLength,
      signInHref: this.entrance.link(PAGE_PATHS.signIn, way),
    };
    await this.replies.send(request, reply, 'register', model, {
      status: statusOf(problem),
      formAction: way.formAction,
      uiLocales: way.uiLocales,
      ...(problem?.seconds !== undefined && { retryAfter: problem.seconds }),
    });
  }
}

function applicantOf(form: Parameters, address: string): Applicant {
  return { email: form.get('email') ?? '', password: form.get('password') ?? '', displayName: form.get('displayName') ?? '', address };
}

/** What no rule for passwords or e-mails needs to look at. */
function misfitOf({ email, password, displayName }: Applicant): string | undefined {
  if (!isTyped(email, LONGEST_EMAIL)) return 'email-invalid';
  if (password === '') return 'password-too-short';
  if (password.length > LONGEST_PASSWORD) return 'password-too-long';
  if (!isTyped(password, LONGEST_PASSWORD)) return 'password-invalid';
  return displayName !== undefined && !isDisplayName(displayName) ? 'name-invalid' : undefined;
}

const statusOf = (problem: PageProblem | undefined): number => {
  if (!problem) return 200;
  if (problem.seconds !== undefined) return 429;
  return problem.code === 'email-taken' ? 409 : 400;
};
