import { Injectable } from '@nestjs/common';
import type { BrowserRequest } from '../../identity/browser/browser-request.js';
import { Continuations, type Continuation } from '../../identity/pages/continuations.js';
import { ActivationContinuation } from '../devices/activation-continuation.js';

/** Where people go on after signing in for an app. */
@Injectable()
export class AuthorizationContinuations extends Continuations {
  constructor(private readonly activation: ActivationContinuation) {
    super();
  }

  override find(href: string, _request: BrowserRequest): Promise<Continuation | undefined> {
    return Promise.resolve(this.activation.find(href));
  }
}
