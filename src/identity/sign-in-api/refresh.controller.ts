import { Body, Inject, Req } from '@nestjs/common';
import { addressKey } from '../attempts/address-key.js';
import { AttemptLimiter } from '../attempts/attempt-limiter.js';
import { refusedGrantKey } from '../attempts/refused-grant-key.js';
import { FirstPartyTokenError, FirstPartyTokens } from '../first-party-tokens.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { tokenAnswer, type TokenAnswer } from './answers.js';
import { ApiController } from './api-controller.decorator.js';
import type { ApiRequest } from './api-request.js';
import { ApiRoute } from './api-route.decorator.js';
import { RefreshRequest } from './requests/refresh.request.js';

/** `POST /auth/refresh`: a pair for a refresh token. */
@ApiController()
export class RefreshController {
  constructor(
    private readonly tokens: FirstPartyTokens,
    private readonly limiter: AttemptLimiter,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {}

  @ApiRoute('POST', 'refresh', { status: 200, needsStorage: false })
  async refresh(@Body() { refreshToken, accessToken }: RefreshRequest, @Req() request: ApiRequest): Promise<TokenAnswer> {
    const { limit, window } = this.options.rateLimits.refreshesPerAddress;
    this.limiter.allow(`refresh:${addressKey(request.ip)}`, limit, window);
    try {
      return tokenAnswer(await this.tokens.refresh({ refreshToken, accessToken, onlyWhenExpired: this.options.refreshOnlyWhenExpired }));
    } catch (error) {
      // Counted and checked here only: a good token costs no statement more, and is served whoever else shares its address. 256 bits are not guessed.
      if (error instanceof FirstPartyTokenError) await this.countRefusal(refusedGrantKey(request.ip));
      throw error;
    }
  }

  private async countRefusal(key: string): Promise<void> {
    await this.limiter.check([key]);
    await this.limiter.fail([{ key, policy: this.options.lockOut.refresh }]);
  }
}
