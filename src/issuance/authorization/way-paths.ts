/** Addresses that a person passes on the way from the authorization endpoint to a client. */
export const WAY_PATHS = {
  /** Decides anew what is next. */
  continue: '/connect/authorize/continue',
  selectAccount: '/select-account',
  consent: '/consent',
} as const;
