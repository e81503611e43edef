import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { OwnTokens } from '../own-tokens.js';
import type { ApiRequest, SignedIn } from './api-request.js';
import { invalidAccessToken, presentedToken } from './presented-token.js';
import { Problem } from './problem.js';

/** Lets a person's own access token through; the answers are those of RFC 6750 §3, as problem details. */
@Injectable()
export class SignedInGuard implements CanActivate {
  constructor(private readonly tokens: OwnTokens) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const token = presentedToken(request);
    if (token === undefined) throw new Problem('access-token-missing');
    const principal = await this.tokens.verify(token);
    if (principal?.subject === undefined) throw invalidAccessToken();
    request.signedIn = { subject: principal.subject, principal };
    return true;
  }
}

/** Who is signed in, behind SignedInGuard. */
export const CurrentPerson = createParamDecorator((_: unknown, context: ExecutionContext): SignedIn => {
  const { signedIn } = context.switchToHttp().getRequest<ApiRequest>();
  if (!signedIn) throw new Error('CurrentPerson needs SignedInGuard.');
  return signedIn;
});
