import { Body, Inject, Req } from '@nestjs/common';
import { addressKey } from '../attempts/address-key.js';
import { AttemptLimiter } from '../attempts/attempt-limiter.js';
import { FirstPartyTokens } from '../first-party-tokens.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { UserError } from '../user-error.js';
import { Users } from '../users.js';
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
    private readonly users: Users,
    private readonly tokens: FirstPartyTokens,
    private readonly limiter: AttemptLimiter,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {}

  @ApiRoute('POST', 'register', { status: 201, needsStorage: false })
  async register(@Body() { email, password, displayName }: RegisterRequest, @Req() request: ApiRequest): Promise<TokenAnswer> {
    if (this.options.registration === 'off') throw new Problem('registration-off');
    const address = `register:${addressKey(request.ip)}`;
    const { limit, window } = this.options.rateLimits.registrationsPerAddress;
    this.limiter.allow(address, limit, window);
    await this.limiter.check([address]);
    // Ahead of the account: one that nobody can sign in to is of no use, and its e-mail would be taken.
    if (!(await this.tokens.canSignIn())) throw new Problem('sign-in-off');
    try {
      const account = await this.users.create({ email, password, displayName: displayName?.trim().normalize('NFC') || undefined });
      const pair = await this.tokens.signIn(signInOf(account, request));
      if (!pair) throw new Problem('account-changed');
      return tokenAnswer(pair, account);
    } catch (error) {
      // 409 tells that the e-mail is known: whoever collects such answers is slowed down like one who guesses passwords.
      if (error instanceof UserError && error.code === 'email-taken') await this.countProbe(address);
      throw error;
    }
  }

  private countProbe(key: string): Promise<void> {
    return this.limiter.fail([{ key, policy: this.options.lockOut.address }]);
  }
}
