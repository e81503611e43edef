import { Inject, Injectable, Logger, type ExecutionContext } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { bareToken, type BearerToken } from '../bearer-token.js';
import { SparseLog } from '../sparse-log.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';
import { kindOf } from './kind-of.js';
import { isUpgradeUnknown } from './socket-call.js';

/** The token that comes with a call: where the application says that it is (option `tokenOf`), else where calls of its kind have it. */
@Injectable()
export class PresentedTokens {
  private readonly log: SparseLog;

  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) clock: Clock,
  ) {
    this.log = new SparseLog(new Logger('BearerGuard'), clock);
  }

  of(context: ExecutionContext): BearerToken {
    const type = context.getType<string>();
    const own = type === 'http' ? undefined : this.options.tokenOf?.(context);
    const presented = own === undefined ? kindOf(context).token(context) : bareToken(own);
    if (presented.kind === 'none' && type === 'ws' && isUpgradeUnknown(context.switchToWs().getClient<object>())) {
      const gateway = context.getClass().name;
      this.log.report('warn', `${gateway}: clients of \`ws\` keep no token; use @EndsWithToken(), or rememberUpgrade in handleConnection.`);
    }
    return presented;
  }
}
