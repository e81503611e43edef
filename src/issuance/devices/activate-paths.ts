/** Where people answer their devices. The first is short: they type it, too. */
export const ACTIVATE_PATHS = { entry: '/activate', confirm: '/activate/confirm', done: '/activate/done' } as const;
