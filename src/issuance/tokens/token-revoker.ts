import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { EntryType } from '../../protocol/entry-key.js';
import { tokenHash } from '../../protocol/hashing.js';
import { RevocationStore } from '../../storage/revocation.store.js';
import { PresentedTokens } from './presented-tokens.js';

/** Ends presented tokens of any kind and format. */
@Injectable()
export class TokenRevoker {
  constructor(
    private readonly presentedTokens: PresentedTokens,
    private readonly store: RevocationStore,
    private readonly clock: Clock,
  ) {}

  /** True: something ended. False: unknown, another client's, or ended already. @throws StorageUnavailableError */
  async revoke(token: string, client: string): Promise<boolean> {
    const presented = await this.presentedTokens.recognise(token);
    if (!presented) return false;
    const now = this.clock.now();
    if (presented.form === 'jwt') return this.store.revokeAccess(presented.key, undefined, client, now);
    const hash = tokenHash(presented.reference);
    return presented.key.type === EntryType.accessToken
      ? this.store.revokeAccess(presented.key, hash, client, now)
      : this.store.revokeFamily(presented.key, hash, client, now);
  }
}
