import type { RequiredAuthentication } from './decorators/route-requirements.js';
import type { Principal } from './principal.js';

/** Whether the person behind a token signed in as a route asks. RFC 9470 §3, by the claims of RFC 9068 §2.2.1. @param now milliseconds since the epoch */
export function isStrongEnough({ claims }: Principal, { maxAge, acr }: RequiredAuthentication, now: number): boolean {
  const { auth_time: time, acr: used } = claims;
  // auth_time has whole seconds: a part of one that has passed since is none.
  const isRecent = maxAge === undefined || (typeof time === 'number' && Math.floor(now / 1000) - time <= maxAge);
  return isRecent && (acr.length === 0 || (typeof used === 'string' && acr.includes(used)));
}
