import { Body, Req } from '@nestjs/common';
import { SessionStore } from '../../storage/session.store.js';
import { Clock } from '../../protocol/clock.js';
import { normaliseEmail } from '../accounts/email.js';
import { CredentialCheck } from '../credential-check.js';
import { FirstPartyTokens } from '../first-party-tokens.js';
import { OwnTokens } from '../own-tokens.js';
import { tokenAnswer, type TokenAnswer } from './answers.js';
import { ApiController } from './api-controller.decorator.js';
import type { ApiRequest } from './api-request.js';
import { ApiRoute } from './api-route.decorator.js';
import { invalidAccessToken, presentedToken } from './presented-token.js';
import { Problem } from './problem.js';
import { LoginRequest } from './requests/login.request.js';
import { LogoutRequest } from './requests/logout.request.js';
import { signInOf } from './sign-in-of.js';
import { invalidEmail } from './to-problem.js';

/** `POST /auth/login` and `POST /auth/logout`: where a session begins and ends. */
@ApiController()
export class SignInController {
  constructor(
    private readonly credentials: CredentialCheck,
    private readonly tokens: FirstPartyTokens,
    private readonly ownTokens: OwnTokens,
    private readonly sessions: SessionStore,
    private readonly clock: Clock,
  ) {}

  @ApiRoute('POST', 'login', { status: 200, needsStorage: false })
  async login(@Body() { email: raw, password }: LoginRequest, @Req() request: ApiRequest): Promise<TokenAnswer> {
    const email = normaliseEmail(raw);
    if (email === undefined) throw invalidEmail();
    const account = await this.credentials.prove({ email, password, address: request.ip });
    // That nobody can sign in is told by signIn, hence only to those who could.
    const pair = account && (await this.tokens.signIn(signInOf(account, request)));
    if (!pair) throw new Problem('invalid-credentials');
    return tokenAnswer(pair);
  }

  /** Ends what either token belongs to. A refresh token alone is enough, so that a log-out works after the access token expired. */
  @ApiRoute('POST', 'logout', { status: 204, needsStorage: true })
  async logout(@Body() { refreshToken }: LogoutRequest, @Req() request: ApiRequest): Promise<void> {
    const accessToken = presentedToken(request);
    if (refreshToken === undefined && accessToken === undefined) throw new Problem('access-token-missing');
    const principal = accessToken === undefined ? undefined : await this.ownTokens.verify(accessToken);
    if (refreshToken === undefined && principal?.subject === undefined) throw invalidAccessToken();
    if (refreshToken !== undefined) await this.tokens.signOut(refreshToken);
    if (principal?.subject !== undefined && principal.sid !== undefined) {
      await this.sessions.end(principal.subject, principal.sid, this.clock.now());
    }
  }
}
