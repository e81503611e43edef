import { HttpException } from '@nestjs/common';

/** Sessions cannot be looked up at the moment. Whoever has one keeps it. */
export class SessionStoreUnavailableError extends HttpException {
  constructor(cause: unknown) {
    super('Sessions cannot be looked up.', 503, { cause });
    this.name = 'SessionStoreUnavailableError';
  }
}
