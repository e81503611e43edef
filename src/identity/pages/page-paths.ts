/** Pages of identity's own. */
export const PAGE_PATHS = { signIn: '/sign-in', register: '/register', account: '/account', signOut: '/sign-out' } as const;
