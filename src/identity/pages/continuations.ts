import type { BrowserRequest } from '../browser/browser-request.js';
import type { BrowserSession } from '../browser/browser-sessions.js';

/** Where a person goes on after signing in, and what the sign-in page must know of it. */
export interface Continuation {
  /** One of our own paths with its query, as `IssuerAddress.href` writes it. */
  readonly href: string;
  /** Whom the person signs in to; undefined: the service itself. */
  readonly appName?: string;
  readonly loginHint?: string;
  readonly uiLocales: readonly string[];
  /** For the page's `form-action`: where a redirect at the end of the way may lead. */
  readonly formAction: readonly string[];
  /** Whether this session will do as it is, so that the sign-in page need not be shown. */
  satisfiedBy(session: BrowserSession): boolean;
}

/**
 * The port to those who send people to the sign-in page: they know whether an address is a way they sent somebody on. Issuance implements it; identity
 * knows its own pages. An address nobody knows is never redirected to (RFC 9700 §4.11).
 */
export abstract class Continuations {
  /** Undefined: none of ours, or its time is over. */
  abstract find(href: string, request: BrowserRequest): Promise<Continuation | undefined>;
}
