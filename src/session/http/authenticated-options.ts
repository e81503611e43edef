import type { CsrfMode } from './navigation.js';

export interface AuthenticatedOptions {
  /** What somebody gets who is not signed in. `auto`: a person is sent to sign in, a script gets a 401. Default: `auto`. */
  readonly challenge?: 'auto' | 'redirect' | '401';
  /** `header`: scripts send `X-CSRF: 1`. `origin`: for forms, which cannot. Default: the module's `csrf`. */
  readonly csrf?: CsrfMode;
  /** Whether a request keeps the session from ending for want of use. False: for what pages ask by themselves, such as polling. Default: true. */
  readonly slide?: boolean;
}

/** Metadata key of a route's options. False: whoever guards all routes leaves this one alone. */
export const AUTHENTICATED = 'countersign:authenticated';
