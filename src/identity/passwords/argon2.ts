import { hash, verify, parseOptions } from '@node-rs/argon2';
import { Injectable } from '@nestjs/common';

/** Costs of Argon2id (RFC 9106 §3.1). */
export interface Argon2Parameters {
  /** KiB. */
  readonly memoryCost: number;
  /** Passes. */
  readonly timeCost: number;
  /** Lanes. */
  readonly parallelism: number;
}

const ARGON2ID = 2;
const VERSION_19 = 1;

/** The binding, and nothing else: one call is one computation. */
@Injectable()
export class Argon2 {
  hash(password: string, parameters: Argon2Parameters): Promise<string> {
    return hash(password, { ...parameters, algorithm: ARGON2ID, version: VERSION_19 });
  }

  /** @throws when the hash is not a PHC string of Argon2 */
  verify(passwordHash: string, password: string): Promise<boolean> {
    return verify(passwordHash, password);
  }
}

/** Whether a hash was made with less than these parameters, or with another variant. */
export function isWeaker(passwordHash: string, parameters: Argon2Parameters): boolean {
  const made = parseOptions(passwordHash);
  const sameVariant = Number(made.algorithm) === ARGON2ID && Number(made.version) === VERSION_19;
  return !sameVariant || made.memoryCost < parameters.memoryCost || made.timeCost < parameters.timeCost;
}
