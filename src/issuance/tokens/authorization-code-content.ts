/** What a code is bound to (RFC 6749 §4.1.3, RFC 7636 §4.4): sealed with the code, so that nobody but its bearer can make us read it. */
export interface AuthorizationCodeContent {
  /** Where the code was sent. */
  readonly redirectUri: string;
  /** The request did not name it: then neither need the one that redeems the code. */
  readonly redirectUriOmitted?: true;
  /** S256. */
  readonly codeChallenge?: string;
  /** For the id token. OpenID Connect Core §3.1.2.1 */
  readonly nonce?: string;
}
