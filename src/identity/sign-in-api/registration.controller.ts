import { Body, Req } from '@nestjs/common';
import { FirstPartyTokens } from '../first-party-tokens.js';
import { Registration } from '../registration.js';
import { tokenAnswer, type TokenAnswer } from './answers.js';
import { ApiController } from './api-controller.decorator.js';
import type { ApiRequest } from './api-request.js';
import { ApiRoute } from './api-route.decorator.js';
import { Problem } from './problem.js';
import { RegisterRequest } from './requests/register.request.js';
import { signInOf } from './sign-in-of.js';

/** `POST /auth/register`: a new account, signed in at once. */
@ApiController()
export class RegistrationController {
  constructor(
    private readonly registration: Registration,
    private readonly tokens: FirstPartyTokens,
  ) {}

  @ApiRoute('POST', 'register', { status: 201, needsStorage: false })
  async register(@Body() { email, password, displayName }: RegisterRequest, @Req() request: ApiRequest): Promise<TokenAnswer> {
    if (!this.registration.open) throw new Problem('registration-off');
    // Ahead of the account: one that nobody can sign in to is of no use, and its e-mail would be taken.
    if (!(await this.tokens.canSignIn())) throw new Problem('sign-in-off');
    const account = await this.registration.register({ email, password, displayName, address: request.ip });
    const pair = await this.tokens.signIn(signInOf(account, request));
    if (!pair) throw new Problem('account-changed');
    return tokenAnswer(pair, account);
  }
}
