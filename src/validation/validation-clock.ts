/** DI token of the module's Clock: the one the application provides (with PostgresStorageModule: the database's time), else the machine's. */
export const VALIDATION_CLOCK = Symbol('VALIDATION_CLOCK');
