const GUARDED = new WeakSet<object>();

/** Somebody is signed in, and the request comes from the app's own pages. */
export const markGuarded = (request: object): void => void GUARDED.add(request);

export const wasGuarded = (request: object): boolean => GUARDED.has(request);
