import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { constantTimeEqual, tokenHash } from '../../protocol/hashing.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { isSubset } from '../../protocol/scope.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { TokenEntryStore } from '../../storage/token-entry.store.js';
import type { PresentedLink } from './presented-link.js';
import { RefreshRefusedError } from './token-issuer.js';

/** Tells why a link was refused, after the statement has refused it: the statement says only that nothing happened. */
@Injectable()
export class RefusedLinks {
  constructor(
    private readonly entries: TokenEntryStore,
    private readonly clock: Clock,
  ) {}

  /** @throws StorageUnavailableError */
  async explain(client: ClientRecord, { presented, scopes, resources }: PresentedLink): Promise<OAuthError> {
    const record = await this.entries.find(presented.key, this.clock.now());
    const genuine = record?.hash !== undefined && constantTimeEqual(record.hash, tokenHash(presented));
    if (!genuine || !record.grant || record.grant.client !== client.id) return new RefreshRefusedError('not-found');
    if (record.status === 'revoked' || record.status === 'expired') return new RefreshRefusedError(record.status);
    if (scopes && !isSubset(scopes, record.grant.scopes)) {
      return new OAuthError({ code: 'invalid_scope', description: 'The scope is wider than what was granted.' });
    }
    if (resources && !isSubset(resources, record.grant.resources)) {
      return new OAuthError({ code: 'invalid_target', description: 'A resource was not granted.' });
    }
    return new RefreshRefusedError('revoked');
  }
}
