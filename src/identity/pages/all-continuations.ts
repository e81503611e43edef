import { Injectable } from '@nestjs/common';
import type { BrowserRequest } from '../browser/browser-request.js';
import { IssuerAddress } from '../issuer-address.js';
import { Continuations, type Continuation } from './continuations.js';
import { PAGE_PATHS } from './page-paths.js';

/** Where people go on after signing in: our own account page, or what the way of an app leads to. */
@Injectable()
export class AllContinuations {
  constructor(
    private readonly address: IssuerAddress,
    private readonly others: Continuations,
  ) {}

  get account(): Continuation {
    return { href: this.address.href(PAGE_PATHS.account), uiLocales: [], formAction: [], satisfiedBy: () => true };
  }

  /** Undefined: nowhere of ours, or too late. No address: the account page. */
  async find(href: string | undefined, request: BrowserRequest): Promise<Continuation | undefined> {
    const { account } = this;
    return href === undefined || href === account.href ? account : this.others.find(href, request);
  }
}
