import type { KeyObject } from 'node:crypto';
import { randomUUID } from 'node:crypto';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import type { ResolvedValidationOptions } from '../validation.options.js';
import type { JwtHeader } from './jwt-header.js';

/** The "request" that passport carries: a token and the key it must be signed with, found beforehand, so that nothing in passport waits or fails. */
interface Carrier {
  readonly token: string;
  readonly key: KeyObject;
}

export interface JwtStrategy {
  /** The claims of a token that is signed with the key, by the issuer, for this API; else why not, as an Error. Dates are not judged. */
  verify(token: string, header: JwtHeader, key: KeyObject): Promise<object | Error>;
  /** Takes the strategies out of passport's registry. */
  close(): void;
}

/**
 * passport-jwt under names of this module's own: passport is one registry for the whole process. One strategy for each algorithm, so that a token is
 * verified by the algorithm that was agreed with its key and no other.
 */
export function createJwtStrategy(options: ResolvedValidationOptions): JwtStrategy {
  const prefix = `countersign-${randomUUID()}`;
  const names = new Map(options.algorithms.map((algorithm) => [algorithm as string, `${prefix}-${algorithm}`]));
  for (const [algorithm, name] of names) register(name, algorithm, options);
  return {
    verify: (token, { algorithm }, key) => authenticate(names.get(algorithm) ?? prefix, { token, key }),
    close: () => names.forEach((name) => passport.unuse(name)),
  };
}

function register(name: string, algorithm: string, { issuer, audience }: ResolvedValidationOptions): void {
  class AccessTokenStrategy extends PassportStrategy(Strategy, name) {
    validate(claims: unknown): unknown {
      return claims;
    }
  }
  new AccessTokenStrategy({
    jwtFromRequest: (carrier: unknown) => (carrier as Carrier).token,
    secretOrKeyProvider: (carrier: unknown, _token: unknown, done: (error: unknown, key: KeyObject) => void) =>
      done(null, (carrier as Carrier).key),
    algorithms: [algorithm],
    issuer,
    audience: [...audience],
    // Dates are judged by the injected clock, on every request.
    ignoreExpiration: true,
    jsonWebTokenOptions: { ignoreNotBefore: true },
  } as unknown as StrategyOptionsWithoutRequest);
}

function authenticate(name: string, carrier: Carrier): Promise<object | Error> {
  return new Promise((resolve, reject) => {
    const settle = (error: unknown, claims: unknown, info: unknown): void => {
      if (error) return reject(error as Error);
      if (typeof claims === 'object' && claims !== null) return resolve(claims);
      resolve(info instanceof Error ? info : new Error('not a JWT'));
    };
    (passport.authenticate(name, { session: false }, settle) as (...parts: unknown[]) => void)(carrier, {}, reject);
  });
}
