/** DI token of the Clock that sessions go by: the application's, or the machine's. */
export const SESSION_CLOCK = Symbol('SessionClock');
