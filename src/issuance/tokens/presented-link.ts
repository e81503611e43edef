import type { ReferenceToken } from '../../protocol/token-string.js';

/** A link of a chain, and what is asked for on the strength of it. */
export interface PresentedLink {
  readonly presented: ReferenceToken;
  /** Undefined: all that the chain has. */
  readonly scopes?: readonly string[];
  readonly resources?: readonly string[];
}
