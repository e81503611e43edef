import { ForbiddenException, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { Sessions } from '../sessions.js';
import { AUTHENTICATED, type AuthenticatedOptions } from './authenticated-options.js';
import { BrowserGoneError } from './carrier.js';
import { markGuarded } from './guarded-requests.js';
import { isNavigation, mayBeForged } from './navigation.js';
import { nodePair } from './node-pair.js';
import { SignInNeededError } from './sign-in-needed.error.js';
import { isSkipped } from './skipped-paths.js';

/** For the developer, whom it meets first. */
const FORGED =
  "The request may come from another site. The app's own scripts send the header X-CSRF: 1; a route for forms says { csrf: 'origin' }.";

/** Contexts of Nest in which there is no request. */
const MESSAGES: readonly string[] = ['ws', 'rpc'];

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
    const route = [context.getHandler(), context.getClass()];
    const options = this.reflector.getAllAndOverride<AuthenticatedOptions | false | undefined>(AUTHENTICATED, route);
    // The messages of sockets and queues come without a cookie. Whoever guards all routes leaves them alone; what is marked is refused by the next line.
    if (!options && MESSAGES.includes(context.getType())) return true;
    const pair = nodePair(context);
    // A guard of all routes leaves these alone; a route that says itself that it is guarded has nobody who is signed in.
    if (options === false || (!options && isSkipped(pair.request.url, this.options.skip))) return true;
    const { challenge = 'auto', csrf = this.options.csrf, slide = true } = options ?? {};
    // First: what another site makes the browser send must not keep a session alive.
    if (mayBeForged(pair.request, csrf, this.options.baseUrl) && this.sessions.isPresented(pair)) throw new ForbiddenException(FORGED);
    if (!(await this.sessions.of(pair, { slides: slide }))) {
      throw new SignInNeededError(challenge === 'redirect' || (challenge === 'auto' && isNavigation(pair.request)));
    }
    if (pair.response.destroyed) throw new BrowserGoneError();
    markGuarded(pair.request);
    return true;
  }
}
