/** An API that the app calls. Times in seconds. */
export interface ApiOptions {
  /** The token goes to addresses below this one, and nowhere else. https, or http on loopback. */
  readonly url: string;
  /** Default: GET and HEAD. */
  readonly methods?: readonly string[];
  /** How long `proxy` bears with an API that sends nothing before its answer begins. Default: 30. */
  readonly timeout?: number;
  /**
   * The API's name at the provider (RFC 8707 §2): it gets tokens of its own, of the session's and of the app's. Default: the session's own token, and what
   * the provider makes of the app's.
   */
  readonly resource?: string;
  /** Scopes that `appToken` asks for. Default: what the provider gives the app. */
  readonly scope?: string;
}
