/** `typ` of each kind of JWT that we sign: none may pass for another (RFC 8725 §3.11). */
export const JwtType = {
  /** RFC 9068 §2.1 */
  accessToken: 'at+jwt',
  /** OpenID Connect Core names none; this is what client libraries expect. */
  idToken: 'JWT',
  /** OpenID Connect Back-Channel Logout 1.0 §2.4 */
  logoutToken: 'logout+jwt',
  /** RFC 9701 §5 */
  introspection: 'token-introspection+jwt',
} as const;
