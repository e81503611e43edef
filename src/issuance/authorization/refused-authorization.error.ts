import type { ResponseTarget } from './authorization-request.js';
import { ExpiredRequestError } from './expired-request.error.js';

/** A request that is refused, or could not be decided, where the answer can be sent to its client. `cause` says why. RFC 6749 §4.1.2.1 */
export class RefusedAuthorizationError extends Error {
  constructor(
    readonly target: ResponseTarget,
    cause: unknown,
  ) {
    super('The authorization request was refused.', { cause });
    this.name = 'RefusedAuthorizationError';
  }
}

/** Does the work; what it throws is for the client to know. */
export async function answerable<T>(target: ResponseTarget, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // What was proven of the client holds no longer: nothing may be sent there.
    if (cause instanceof RefusedAuthorizationError || cause instanceof ExpiredRequestError) throw cause;
    throw new RefusedAuthorizationError(target, cause);
  }
}
