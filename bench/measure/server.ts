import type { MeasuredProcess } from './measured-process.js';

/** A running server and the database that it alone uses. */
export interface Server {
  readonly process: MeasuredProcess;
  /** Its URL. */
  readonly database: string;
  readonly issuer: string;
}
