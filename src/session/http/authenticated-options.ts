import type { CsrfMode } from './navigation.js';

export interface AuthenticatedOptions {
  /** What somebody gets who is not signed in. `auto`: a person is sent to sign in, a script gets a 401. Default: `auto`. */
  readonly challenge?: 'auto' | 'redirect' | '401';
  /** Default: `header`: scripts send `X-CSRF: 1`. `origin`: for forms, which cannot. */
  readonly csrf?: CsrfMode;
}

/** Metadata key of a route's options. */
export const AUTHENTICATED = 'countersign:authenticated';
