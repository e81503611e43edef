import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Principal } from '../../validation/principal.js';

/** What the sign-in API reads of a Fastify request. */
export interface ApiRequest {
  readonly method: string;
  /** The peer, or whom the host's proxy settings trust to be it. */
  readonly ip: string;
  readonly headers: IncomingHttpHeaders;
  /** Node's own request. */
  readonly raw: IncomingMessage;
  readonly body?: unknown;
  /** Set by SignedInGuard. */
  signedIn?: SignedIn;
}

/** Whose access token came with the request. */
export interface SignedIn {
  readonly subject: string;
  readonly principal: Principal;
}
