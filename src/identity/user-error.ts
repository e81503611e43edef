import type { PasswordRefusal } from './passwords/password-policy.js';

export type UserErrorCode = 'email-invalid' | 'name-invalid' | 'email-taken' | 'password-refused';

/** Why an account cannot be made, or its password not be changed. */
export class UserError extends Error {
  constructor(
    readonly code: UserErrorCode,
    /** With `password-refused`. */
    readonly refusal?: PasswordRefusal,
  ) {
    super(refusal ? `${code}: ${refusal}` : code);
    this.name = 'UserError';
  }
}
