import { ForbiddenException, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { Sessions } from '../sessions.js';
import { AUTHENTICATED, type AuthenticatedOptions } from './authenticated-options.js';
import { isNavigation, mayBeForged } from './navigation.js';
import { nodePair } from './node-pair.js';
import { SignInNeededError } from './sign-in-needed.error.js';

/** Lets people in who are signed in, and nobody who was sent by another site. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly sessions: Sessions,
    private readonly reflector: Reflector,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {}

  /** @throws SignInNeededError, ForbiddenException, RefreshFailure, StorageUnavailableError: see SessionErrorFilter */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { challenge = 'auto', csrf = 'header' } =
      this.reflector.getAllAndOverride<AuthenticatedOptions | undefined>(AUTHENTICATED, [context.getHandler(), context.getClass()]) ?? {};
    const pair = nodePair(context);
    if (!(await this.sessions.of(pair))) {
      throw new SignInNeededError(challenge === 'redirect' || (challenge === 'auto' && isNavigation(pair.request)));
    }
    if (mayBeForged(pair.request, csrf, this.options.baseUrl)) throw new ForbiddenException('The request may come from another site.');
    return true;
  }
}
