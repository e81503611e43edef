import { HttpException } from '@nestjs/common';

/** Nobody is signed in, and somebody must be. */
export class SignInNeededError extends HttpException {
  /** @param redirect whether it is a person who can be sent to sign in */
  constructor(readonly redirect: boolean) {
    super('Nobody is signed in.', 401);
    this.name = 'SignInNeededError';
  }
}
