import type { Argon2 } from '../../../src/identity/passwords/argon2.js';

/** Listens at the real binding: how often it was asked, about what, and how much at once. */
export class Argon2Probe {
  hashed = 0;
  readonly verified: string[] = [];
  /** Computations at once, at most. */
  most = 0;
  private running = 0;

  constructor(argon2: Argon2) {
    const hash = argon2.hash.bind(argon2);
    const verify = argon2.verify.bind(argon2);
    argon2.hash = (...asked) => {
      this.hashed++;
      return this.counted(() => hash(...asked));
    };
    argon2.verify = (...asked) => {
      this.verified.push(asked[0]);
      return this.counted(() => verify(...asked));
    };
  }

  private async counted<T>(work: () => Promise<T>): Promise<T> {
    this.most = Math.max(this.most, ++this.running);
    try {
      return await work();
    } finally {
      this.running--;
    }
  }
}
