import type { Principal } from './principal.js';

/** The token is good for this API now. */
export interface Accepted {
  readonly accepted: true;
  readonly principal: Principal;
  /** The key a signed token is signed with. */
  readonly kid?: string;
}

/** The token is not. `reason` goes to the log only and holds no token. `misuse`: somebody configured something wrongly, so that it is logged as a warning. */
export interface Refused {
  readonly accepted: false;
  readonly reason: string;
  readonly misuse?: boolean;
}

export type Verdict = Accepted | Refused;

/**
 * What the guard consults: is this token good, now, for this API? Signature, entry and introspection come with the module; an application that has
 * its own extends this class and names it as the option `check` or in `@Check()`. It can inject SignatureCheck and whatever global modules and the
 * module's `imports` export, or extend EntryCheck or IntrospectionCheck.
 */
export abstract class TokenCheck {
  /**
   * Judges a token as it came in the header: of RFC 6750's characters, otherwise unchecked.
   * @throws CheckUnavailableError when it cannot be judged at the moment
   */
  abstract check(token: string): Promise<Verdict>;
}

export const refused = (reason: string): Refused => ({ accepted: false, reason });
