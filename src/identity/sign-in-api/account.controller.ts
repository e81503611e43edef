import { Body, Inject, Req } from '@nestjs/common';
import { Accounts, type Account } from '../accounts/accounts.js';
import { CredentialCheck } from '../credential-check.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { PasswordPolicy } from '../passwords/password-policy.js';
import { userAnswer, type UserAnswer } from './answers.js';
import { ApiController } from './api-controller.decorator.js';
import type { ApiRequest, SignedIn } from './api-request.js';
import { ApiRoute } from './api-route.decorator.js';
import { invalidAccessToken } from './presented-token.js';
import { Problem } from './problem.js';
import { ChangePasswordRequest } from './requests/change-password.request.js';
import { CurrentPerson, SignedInGuard } from './signed-in.guard.js';
import { passwordRefused } from './to-problem.js';

/** `GET /auth/me` and `POST /auth/change-password`. */
@ApiController(SignedInGuard)
export class AccountController {
  constructor(
    private readonly accounts: Accounts,
    private readonly credentials: CredentialCheck,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {}

  @ApiRoute('GET', 'me', { status: 200, needsStorage: false })
  async me(@CurrentPerson() { subject }: SignedIn): Promise<UserAnswer> {
    return userAnswer(await this.enabledAccount(subject));
  }

  @ApiRoute('POST', 'change-password', { status: 204, needsStorage: true })
  async changePassword(
    @CurrentPerson() { subject, principal }: SignedIn,
    @Body() { currentPassword, newPassword }: ChangePasswordRequest,
    @Req() request: ApiRequest,
  ): Promise<void> {
    const { email } = await this.enabledAccount(subject);
    const refusal = await this.policy.refusal(newPassword, email);
    if (refusal) throw passwordRefused(refusal, 'newPassword');
    const account = await this.credentials.prove({ email, password: currentPassword, address: request.ip });
    if (!account) throw new Problem('current-password-wrong');
    const changed = await this.accounts.changePassword({
      account,
      passwordHash: await this.hasher.hash(newPassword),
      end: this.options.onPasswordChange,
      keepSid: principal.sid,
      connectedApps: this.options.includeConnectedApps,
    });
    if (!changed) throw new Problem('account-changed');
  }

  /** With token storage off a token outlives its account. */
  private async enabledAccount(subject: string): Promise<Account> {
    const account = await this.accounts.find({ id: subject });
    if (!account || account.disabledAt) throw invalidAccessToken();
    return account;
  }
}
