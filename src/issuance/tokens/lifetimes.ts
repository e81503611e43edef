/** The end of a lifetime of so many seconds, on a whole second: what a JWT says and what the database holds are then the same moment. */
export const endOf = (now: Date, lifetime: number): Date => new Date((Math.floor(now.getTime() / 1000) + lifetime) * 1000);

export const earlier = (a: Date, b: Date): Date => (a < b ? a : b);

/** Whole seconds left, never negative. */
export const secondsUntil = (end: Date, now: Date): number => Math.max(0, Math.floor((end.getTime() - now.getTime()) / 1000));
