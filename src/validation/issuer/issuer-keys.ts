import type { KeyObject } from 'node:crypto';

export interface VerificationKey {
  readonly kid: string;
  readonly key: KeyObject;
  /** The one algorithm it may be used with, where its publisher says so (RFC 7517 §4.4). */
  readonly algorithm?: string;
}

export interface KeySet {
  /** Grows when a key went or was replaced: what was verified before counts no more. */
  readonly epoch: number;
  find(kid: string): VerificationKey | undefined;
}

/** The keys that the issuer's tokens are signed with. Over HTTP by default; the issuer itself provides its own. */
export abstract class IssuerKeys {
  /** @throws CheckUnavailableError when there are none that may still be used */
  abstract current(): Promise<KeySet>;

  /**
   * The keys after looking again, since a token names one that is not in `current()`. Called for every such token: looks seldom enough by itself.
   * @throws CheckUnavailableError when they cannot be had now
   */
  abstract again(): Promise<KeySet>;
}
