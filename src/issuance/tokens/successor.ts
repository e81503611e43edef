import { bucketOf, EntryType } from '../../protocol/entry-key.js';
import { derive } from '../../protocol/hashing.js';
import { toAccessNumber, type ReferenceToken } from '../../protocol/token-string.js';
import type { PresentedLink } from './presented-link.js';

/** The refresh token that follows a presented one: the same for everyone who presents it, computable by nobody without the derivation key. */
export const successorOf = (derivationKey: Buffer, presented: ReferenceToken, expiresAt: Date): ReferenceToken => ({
  key: {
    bucket: bucketOf(expiresAt),
    authorizationId: presented.key.authorizationId,
    type: EntryType.refreshToken,
    number: presented.key.number + 1n,
  },
  identifier: derive(derivationKey, 'refresh token', presented),
});

/**
 * Number and identifier of the access token that comes with it. The winner's depends on the presented token alone; those of retries that ask for
 * something else also on what they ask.
 */
export function accessOf(derivationKey: Buffer, { presented, scopes, resources }: PresentedLink, asksOtherwise: boolean): AccessIdentity {
  const asked = asksOtherwise ? [part(scopes), part(resources)] : [];
  return {
    number: toAccessNumber(derive(derivationKey, 'access number', presented, asked)),
    identifier: () => derive(derivationKey, 'access token', presented, asked),
  };
}

export interface AccessIdentity {
  readonly number: bigint;
  /** A signed token needs none. */
  readonly identifier: () => Buffer;
}

/** Order does not matter. */
const part = (values: readonly string[] | undefined): string => JSON.stringify(values ? [...values].sort() : null);
