export interface ApiOptions {
  /** The token goes to addresses below this one, and nowhere else. https, or http on loopback. */
  readonly url: string;
  /** Default: GET and HEAD. */
  readonly methods?: readonly string[];
}
