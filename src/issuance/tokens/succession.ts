import { bucketOf, EntryType } from '../../protocol/entry-key.js';
import { derive } from '../../protocol/hashing.js';
import { IDENTIFIER_BYTES, toAccessNumber, type ReferenceToken } from '../../protocol/token-string.js';
import type { PresentedLink } from './presented-link.js';

export interface AccessIdentity {
  readonly number: bigint;
  /** Of a token by reference; a signed one needs none. */
  readonly identifier: () => Buffer;
}

/** What follows a presented link: the same for everyone who presents it, computable by nobody without the derivation key. */
export class Succession {
  /** One derivation, of disjoint parts: the identifier of the next link, which is secret, and the number of its access token, which is not. */
  private readonly derived: Buffer;

  constructor(
    private readonly derivationKey: Buffer,
    private readonly presented: ReferenceToken,
  ) {
    this.derived = derive(derivationKey, 'rotation', presented);
  }

  /** The refresh token that comes next. */
  successor(expiresAt: Date): ReferenceToken {
    const { authorizationId, number } = this.presented.key;
    return {
      key: { bucket: bucketOf(expiresAt), authorizationId, type: EntryType.refreshToken, number: number + 1n },
      identifier: this.derived.subarray(0, IDENTIFIER_BYTES),
    };
  }

  /** The access token that comes with it. */
  access(): AccessIdentity {
    return {
      number: toAccessNumber(this.derived.subarray(IDENTIFIER_BYTES)),
      identifier: () => this.accessIdentifier([]),
    };
  }

  /** That of a retry which asks for something else: it depends on what is asked, too. */
  accessAsked({ scopes, resources }: Omit<PresentedLink, 'presented'>): AccessIdentity {
    const asked = [part(scopes), part(resources)];
    return {
      number: toAccessNumber(derive(this.derivationKey, 'access number', this.presented, asked)),
      identifier: () => this.accessIdentifier(asked),
    };
  }

  private accessIdentifier(asked: readonly string[]): Buffer {
    return derive(this.derivationKey, 'access token', this.presented, asked).subarray(0, IDENTIFIER_BYTES);
  }
}

/** Order does not matter. */
const part = (values: readonly string[] | undefined): string => JSON.stringify(values ? [...values].sort() : null);
