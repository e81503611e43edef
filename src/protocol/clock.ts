/**
 * What time it is. Everything that compares dates asks here, never `Date`: in production it runs on the database's clock, tests move it.
 */
export abstract class Clock {
  abstract now(): Date;
}

/** The machine's own clock, for guards without a database. */
export class SystemClock extends Clock {
  override now(): Date {
    return new Date();
  }
}
