import { Injectable } from '@nestjs/common';
import type { BrowserRequest } from '../browser/browser-request.js';
import { IssuerAddress } from '../issuer-address.js';
import { Continuations, type Continuation } from './continuations.js';

const ACCOUNT = '/account';

/** Where people go on after signing in: our own account page, or what the way of an app leads to. */
@Injectable()
export class AllContinuations {
  constructor(
    private readonly address: IssuerAddress,
    private readonly others: Continuations,
  ) {}

  get account(): Continuation {
    return { href: this.address.href(ACCOUNT), uiLocales: [], formAction: [], satisfiedBy: () => true };
  }

  /** Undefined: nowhere of ours, or too late. No address: the account page. */
  async find(href: string | undefined, request: BrowserRequest): Promise<Continuation | undefined> {
    if (href === undefined || href === this.address.href(ACCOUNT)) return this.account;
    return this.others.find(href, request);
  }
}
