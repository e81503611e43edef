import type { GrantRecord } from '../../storage/authorization.store.js';
import type { IssuedTokens } from './token-issuer.js';

/** What a person's grant says about the person and the sign-in. */
export type PersonOfGrant = Pick<GrantRecord, 'subject' | 'sid' | 'claims'>;

/** Tokens to which an id token may still be added. */
export interface MintedTokens extends IssuedTokens {
  /** Undefined: they are the client's own. */
  readonly person?: PersonOfGrant;
}
