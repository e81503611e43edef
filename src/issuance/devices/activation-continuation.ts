import { Inject, Injectable } from '@nestjs/common';
import { IssuerAddress } from '../../identity/issuer-address.js';
import type { Continuation } from '../../identity/pages/continuations.js';
import { parseUserCode } from '../../protocol/user-code.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { ACTIVATE_PATHS } from './activate-paths.js';

/** Where people go on who had to sign in before they could answer their device: to its page, with the code of the complete link or without. */
@Injectable()
export class ActivationContinuation {
  constructor(
    private readonly address: IssuerAddress,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Undefined: another address than that of the page. */
  find(href: string): Continuation | undefined {
    if (!this.options.endpoints.device) return undefined;
    const page = this.address.href(ACTIVATE_PATHS.entry);
    if (href === page) return wayTo(page);
    const before = `${page}?user_code=`;
    const code = href.startsWith(before) ? parseUserCode(href.slice(before.length)) : undefined;
    return code && wayTo(this.address.href(ACTIVATE_PATHS.entry, { user_code: code }));
  }
}

/** Which app asks is told after the sign-in: the look-up is a guess. */
const wayTo = (href: string): Continuation => ({ href, uiLocales: [], formAction: [], satisfiedBy: () => true });
