import { readStoredTokens, type StoredTokens } from './stored-tokens.js';

type Awaitable<T> = T | Promise<T>;

/** Where the tokens are kept. It is asked for each call, and nothing is kept beside it but a successor it could not write: so tabs see each other’s changes. */
export interface TokenStorage {
  /** What all who share this storage know it by, as tabs do: the name of their locks. Absent: it is shared with nobody. */
  readonly name?: string;
  get(): Awaitable<StoredTokens | undefined>;
  set(tokens: StoredTokens): Awaitable<void>;
  clear(): Awaitable<void>;
}

/**
 * Keeps the tokens until the page is left or the process ends, where no other script can read them out of a store afterwards. What is safest in a
 * browser, for an app that can do with signing in again, or by a sign-in page that still knows the person, after each reload.
 */
export function memoryStorage(): TokenStorage {
  let kept: StoredTokens | undefined;
  return {
    get: () => kept,
    set: (tokens) => void (kept = tokens),
    clear: () => void (kept = undefined),
  };
}

/** Of `localStorage` and `sessionStorage`, what is used here. */
export interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/**
 * Keeps the tokens in `localStorage` (all tabs, until sign-out) or `sessionStorage` (one tab; a duplicated tab starts with a copy of the tokens, and two
 * chains' ends that do not know of each other look like theft to the service: prefer `localStorage`).
 *
 * Any script that runs in a page of the origin can read them: one cross-site scripting fault, or one compromised dependency, and the attacker has the
 * refresh token and uses it from elsewhere, until the session ends ("OAuth 2.0 for Browser-Based Applications" §8, RFC 9700 §4.14 on rotation, by which
 * such a theft is noticed once both have refreshed). Have a strict Content-Security-Policy, keep refresh tokens short-lived, or keep the tokens out of the browser: in a
 * cookie session at your own server.
 *
 * Content that is not what was written here counts as signed out.
 */
export function webStorage(storage: WebStorage, key = 'countersign:tokens'): TokenStorage {
  return {
    name: key,
    get: () => parse(storage.getItem(key)),
    set: (tokens) => storage.setItem(key, JSON.stringify(tokens)),
    clear: () => storage.removeItem(key),
  };
}

function parse(text: string | null): StoredTokens | undefined {
  try {
    return readStoredTokens(JSON.parse(text ?? 'null'));
  } catch {
    return undefined; // what JSON.parse says shows what it read, which may be a token
  }
}
