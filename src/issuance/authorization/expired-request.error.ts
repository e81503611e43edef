/** A person's way through our pages that cannot be gone on: its time is over, it began in another browser, or what it was about is no more. */
export class ExpiredRequestError extends Error {
  /** @param href where it can be gone on after all */
  constructor(readonly href?: string) {
    super('The request has expired.');
    this.name = 'ExpiredRequestError';
  }
}
