import { Inject, Injectable, NotFoundException, type CanActivate } from '@nestjs/common';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';

/** Without the authorization endpoint there are no pages on the way from it. */
@Injectable()
export class AuthorizationPageGuard implements CanActivate {
  constructor(@Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions) {}

  canActivate(): boolean {
    if (!this.options.endpoints.authorization) throw new NotFoundException();
    return true;
  }
}
