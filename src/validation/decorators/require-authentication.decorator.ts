import { SetMetadata } from '@nestjs/common';
import { AUTHENTICATION } from './route-requirements.js';

/** How a person must have signed in. */
export interface AuthenticationRequirement {
  /** Seconds that may have passed since then: claim `auth_time`. 1 or more; leave time to come back from the sign-in with a token. */
  readonly maxAge?: number;
  /** By one of these classes: claim `acr` (OpenID Connect Core §2). Of issuers that tell it: Countersign itself knows passwords only, and tells none. */
  readonly acr?: string | readonly string[];
}

/** A blank, a quotation mark or a backslash would end the value in the challenge. */
const ACR = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * The person must have signed in lately, or by certain means. Else 401 `insufficient_user_authentication`, with what the app asks of the authorization
 * endpoint then: `max_age`, `acr_values` (RFC 9470 §3). A token that does not say how its person signed in is not enough; machine tokens never are. On a
 * handler it replaces what its class asks. Needs BearerGuard on the route.
 * @throws TypeError for nothing, an age that is none, or an `acr` that is none
 */
export function RequireAuthentication({ maxAge, acr = [] }: AuthenticationRequirement): ClassDecorator & MethodDecorator {
  const classes = typeof acr === 'string' ? [acr] : acr;
  if (maxAge === undefined && classes.length === 0) throw new TypeError('RequireAuthentication: name maxAge, acr or both.');
  if (maxAge !== undefined && !(Number.isInteger(maxAge) && maxAge >= 1)) {
    throw new TypeError('RequireAuthentication: maxAge must be whole seconds, 1 or more.');
  }
  if (!classes.every((name) => ACR.test(name))) throw new TypeError('RequireAuthentication: acr must be names without blanks and quotes.');
  return SetMetadata(AUTHENTICATION, { acr: classes, ...(maxAge !== undefined && { maxAge }) });
}
