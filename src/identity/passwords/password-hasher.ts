import { randomBytes } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Lane } from '../attempts/lane.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { Argon2, isWeaker, type Argon2Parameters } from './argon2.js';
import { normalisePassword } from './normalise-password.js';

// One lane for the process, not for the module: each hash takes 19 MiB and a core. What waits longer than a second or two had better come again.
const hashing = new Lane(2, 200);

/** Hashes and verifies passwords, at most two at a time. Every method may throw LaneFullError. */
@Injectable()
export class PasswordHasher {
  private readonly parameters: Argon2Parameters;
  private readonly nobodysHash: string;
  private readonly logger = new Logger(PasswordHasher.name);

  constructor(
    private readonly argon2: Argon2,
    @Inject(IDENTITY_OPTIONS) options: IdentityOptions,
  ) {
    this.parameters = options.argon2;
    this.nobodysHash = unmatchedHash(options.argon2);
  }

  hash(password: string): Promise<string> {
    return hashing.run(() => this.argon2.hash(normalisePassword(password), this.parameters));
  }

  /**
   * Exactly one computation, whoever is asked about: without a hash (no such account, no password) one with the current parameters that nothing
   * matches is verified, so that time tells nobody which accounts exist.
   */
  verify(passwordHash: string | undefined, password: string): Promise<boolean> {
    return hashing.run(async () => {
      try {
        return await this.argon2.verify(passwordHash ?? this.nobodysHash, normalisePassword(password));
      } catch (error) {
        // A hash imported from elsewhere, or damaged. It must not give its account away by a 500.
        this.logger.error({ event: 'password_hash_unreadable', reason: error instanceof Error ? error.message : 'unknown' });
        return false;
      }
    });
  }

  /** Whether the parameters have risen since a hash that was just verified was made. */
  needsRehash(passwordHash: string): boolean {
    return isWeaker(passwordHash, this.parameters);
  }
}

/** A well-formed hash of these costs, drawn at random: to find a password for it is to invert Argon2. */
function unmatchedHash({ memoryCost, timeCost, parallelism }: Argon2Parameters): string {
  const part = (bytes: number): string => randomBytes(bytes).toString('base64').replaceAll('=', '');
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${part(16)}$${part(32)}`;
}
