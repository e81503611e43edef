import { isSame, type StoredTokens } from './stored-tokens.js';
import type { TokenStorage } from './token-storage.js';

interface Unwritten {
  readonly tokens: StoredTokens;
  /** What the storage holds in their place. */
  readonly instead: StoredTokens;
}

/** The tokens in the storage, or their successors, where those could not be written: to present what a refresh has spent would end the session. */
export class KeptTokens {
  private unwritten: Unwritten | undefined;

  constructor(private readonly storage: TokenStorage) {}

  async get(): Promise<StoredTokens | undefined> {
    const stored = await this.storage.get();
    // Whatever else the storage holds meanwhile was written by another tab, which has the last word.
    return stored && this.unwritten && isSame(stored, this.unwritten.instead) ? this.unwritten.tokens : stored;
  }

  /** @throws what the storage throws */
  async set(tokens: StoredTokens): Promise<void> {
    await this.storage.set(tokens);
    this.unwritten = undefined;
  }

  /** Takes what a refresh brought. A storage that is full or forbidden is tried again at the next one. */
  async succeed(tokens: StoredTokens): Promise<void> {
    try {
      await this.set(tokens);
    } catch {
      const instead = await this.storage.get();
      this.unwritten = instead && { tokens, instead };
    }
  }

  /** @throws what the storage throws */
  async clear(): Promise<void> {
    this.unwritten = undefined;
    await this.storage.clear();
  }
}
