import { Inject, Injectable } from '@nestjs/common';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { isCommonPassword } from './common-passwords.js';
import { normalisePassword } from './normalise-password.js';

export type PasswordRefusal = 'too-short' | 'too-long' | 'common' | 'is-email';

/** Which passwords are accepted: length, and neither common nor the e-mail. No composition rules (NIST SP 800-63B §5.1.1.2). */
@Injectable()
export class PasswordPolicy {
  constructor(@Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions) {}

  /** Why a new password is refused; undefined: it is accepted. `email` is normalised. */
  async refusal(password: string, email: string): Promise<PasswordRefusal | undefined> {
    const { minLength, maxLength, refuseCommon } = this.options.passwordPolicy;
    const normalised = normalisePassword(password);
    const length = [...normalised].length; // code points: nobody should need to know UTF-16 to count
    if (length < minLength) return 'too-short';
    if (length > maxLength) return 'too-long';
    const folded = normalised.toLowerCase();
    if (folded === email || folded === email.slice(0, email.lastIndexOf('@'))) return 'is-email';
    return refuseCommon && (await isCommonPassword(folded)) ? 'common' : undefined;
  }
}
