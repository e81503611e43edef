import type { AuthorizationCodeContent } from '../tokens/authorization-code-content.js';

/** OpenID Connect Core §3.1.2.1. */
export const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const;
export type Prompt = (typeof PROMPTS)[number];

/** OAuth 2.0 Multiple Response Type Encoding Practices §2.1, OAuth 2.0 Form Post Response Mode. */
export const RESPONSE_MODES = ['query', 'form_post'] as const;
export type ResponseMode = (typeof RESPONSE_MODES)[number];

/** Where an answer goes, and what it must bring back. */
export interface ResponseTarget {
  /** One that is registered for the client. */
  readonly redirectUri: string;
  readonly responseMode: ResponseMode;
  readonly state?: string;
}

/** An authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1) of which everything was checked: a plain value, as tickets hold it. */
export interface AuthorizationRequest extends AuthorizationCodeContent, ResponseTarget {
  readonly client: string;
  readonly scopes: readonly string[];
  /** Never empty. */
  readonly resources: readonly string[];
  readonly prompts: readonly Prompt[];
  /** Seconds since the person proved who they are, at most. */
  readonly maxAge?: number;
  readonly loginHint?: string;
  /** Subject of the id token that was sent as a hint: nobody else will do. */
  readonly hintedSubject?: string;
  readonly uiLocales: readonly string[];
}
