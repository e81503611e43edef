import type { Approval } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import type { Parameters } from '../../protocol/form.js';
import type { ReferenceToken } from '../../protocol/token-string.js';
import type { RefreshEnvelopeContent } from '../tokens/refresh-envelope.js';

/** What a grant type made of a request: a plain value, nothing minted yet. */
export type Grant = MachineGrant | NewChainGrant | CodeGrant | RedeemGrant;

/** A token for the client itself, on its standing grant. */
export interface MachineGrant {
  readonly kind: 'machine';
  readonly scopes: readonly string[];
  /** Never empty. */
  readonly resources: readonly string[];
}

/** A person's new grant. */
export interface NewChainGrant {
  readonly kind: 'new-chain';
  readonly subject: string;
  readonly scopes: readonly string[];
  /** Never empty. */
  readonly resources: readonly string[];
  /** Claims of its access tokens beyond the protocol's own. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** With a refresh token. */
  readonly refreshable: boolean;
  /** The person must still have this credential version when the grant commits; undefined: the subject is not in our table. */
  readonly credentialVersion?: number;
  /** Opens a sign-in session. */
  readonly session?: Partial<RequestOrigin>;
  /** What a person approved must hold still, and is spent; undefined: nobody had to. */
  readonly approval?: Approval;
}

/** Where a request came from, for people to recognise. */
export interface RequestOrigin {
  readonly address: string;
  readonly userAgent?: string;
}

/** The first tokens of a grant that a person approved: its code was proved to be this client's. */
export interface CodeGrant {
  readonly kind: 'code';
  readonly presented: ReferenceToken;
  /** Of the access token; undefined: all that was approved. */
  readonly resources?: readonly string[];
  /** With a refresh token. */
  readonly refreshable: boolean;
  /** For the id token. */
  readonly nonce?: string;
}

/** The next link of a chain. */
export interface RedeemGrant {
  readonly kind: 'redeem';
  readonly presented: ReferenceToken | RefreshEnvelopeContent;
  /** Undefined: all that the chain has. */
  readonly scopes?: readonly string[];
  readonly resources?: readonly string[];
}

/**
 * One grant type at the token endpoint. Provide your own through `IssuanceModule`'s `grants`: validate the request of an authenticated client that has
 * the permission for the type, and say what it is worth.
 */
export abstract class GrantHandler {
  /** `grant_type` on the wire. */
  abstract readonly grantType: string;
  /** @throws OAuthError */
  abstract handle(client: ClientRecord, parameters: Parameters, from: RequestOrigin): Promise<Grant>;
}
