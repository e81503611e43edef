import { Inject, Injectable, NotFoundException, type CanActivate } from '@nestjs/common';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';

/** Without the device authorization endpoint there is nothing to answer. */
@Injectable()
export class DevicePageGuard implements CanActivate {
  constructor(@Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions) {}

  canActivate(): boolean {
    if (!this.options.endpoints.device) throw new NotFoundException();
    return true;
  }
}
