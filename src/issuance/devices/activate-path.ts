/** Where people type the code that their device shows: short, for they type this, too. */
export const ACTIVATE_PATH = '/activate';
