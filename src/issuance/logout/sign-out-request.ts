/** What an app, or the person, asked for when signing out. RP-Initiated Logout 1.0 §2 */
export interface SignOutRequest {
  /** Id of the client that asks; undefined: none said so. */
  readonly client?: string;
  /** Where the person goes on afterwards, registered by the client. */
  readonly redirectUri?: string;
  readonly state?: string;
  /** The session that the app means, proven by an id token that it once got. */
  readonly session?: { readonly subject: string; readonly sid: string };
  readonly uiLocales: readonly string[];
}
