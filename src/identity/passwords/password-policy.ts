import { Inject, Injectable } from '@nestjs/common';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { isCommonPassword } from './common-passwords.js';
import { isExpectedWord } from './expected-words.js';
import { normalisePassword } from './normalise-password.js';
import { repeatedPart } from './repeated-part.js';

export type PasswordRefusal = 'too-short' | 'too-long' | 'common' | 'is-email';

/**
 * Which passwords are accepted: length, and neither common nor the e-mail. No composition rules (NIST SP 800-63B §5.1.1.2). Common are those of the list,
 * and those that anybody would try here: blanks, one part over and over, the name of the service, the e-mail's local part with a number.
 */
@Injectable()
export class PasswordPolicy {
  constructor(@Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions) {}

  /** Why a new password is refused; undefined: it is accepted. `email` is normalised. */
  async refusal(password: string, email: string): Promise<PasswordRefusal | undefined> {
    const { minLength, maxLength } = this.options.passwordPolicy;
    const normalised = normalisePassword(password);
    const length = [...normalised].length; // code points: nobody should need to know UTF-16 to count
    if (length < minLength) return 'too-short';
    if (length > maxLength) return 'too-long';
    const folded = normalised.toLowerCase();
    const localPart = email.slice(0, email.lastIndexOf('@'));
    if (folded === email || folded === localPart) return 'is-email';
    return (await this.isCommon(folded, localPart)) ? 'common' : undefined;
  }

  private async isCommon(password: string, localPart: string): Promise<boolean> {
    const { passwordPolicy, pages } = this.options;
    if (!passwordPolicy.refuseCommon) return false;
    // Repeats add nothing: a password is as long, and as common, as what it repeats.
    const trimmed = password.trim();
    const part = repeatedPart(trimmed);
    if (trimmed === '' || (part !== trimmed && [...part].length < passwordPolicy.minLength)) return true;
    if (isExpectedWord(part, [pages.name, 'countersign', localPart])) return true;
    return (await isCommonPassword(password)) || isCommonPassword(part);
  }
}
