import { Inject, Injectable } from '@nestjs/common';
import { compactVerify } from 'jose';
import { Clock } from '../../protocol/clock.js';
import { sha256 } from '../../protocol/hashing.js';
import { ClientAssertionStore } from '../../storage/client-assertion.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { PATHS } from '../endpoints/endpoint-table.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { ASSERTION_ALGORITHMS, isCurrent, type ClientAssertion } from './client-assertion.js';
import { ClientKeys } from './client-keys.js';

/** Rows of used assertions outlive them by the most that clocks of two instances differ, so that pruning forgets none too early. */
const KEPT_MS = 5_000;

/** Authentication by private_key_jwt (RFC 7523 §2.2 and §3, OpenID Connect Core §9). */
@Injectable()
export class ClientAssertions {
  constructor(
    private readonly keys: ClientKeys,
    private readonly store: ClientAssertionStore,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Whether the client signed it, for this server, for now. `endpoint`: the path that was called. Whether it was used before, `spend` tells. */
  async prove(client: ClientRecord, assertion: ClientAssertion, endpoint: string): Promise<boolean> {
    if (assertion.client !== client.id || !isCurrent(assertion, this.clock.now()) || !this.isForUs(assertion, endpoint)) return false;
    try {
      await compactVerify(assertion.text, this.keys.of(client), { algorithms: ASSERTION_ALGORITHMS });
      return true;
    } catch {
      return false; // no key, another's signature, an algorithm that is not the key's, a set that cannot be read: it proves nothing
    }
  }

  /** Of any number of equal presentations one succeeds (RFC 7523 §3: `jti`). Only what was proven gets here. @throws StorageUnavailableError */
  spend({ client, jti, expiresAt }: ClientAssertion): Promise<boolean> {
    return this.store.remember(client, sha256(jti), new Date(expiresAt * 1000 + KEPT_MS));
  }

  /** RFC 7523 §3, RFC 9126 §2. One that names another server as well was perhaps made for that one, and handed on by it. */
  private isForUs({ audience }: ClientAssertion, endpoint: string): boolean {
    const { issuer } = this.options;
    const ours = [issuer, issuer + PATHS.token, issuer + endpoint];
    return audience.every((one) => ours.includes(one));
  }
}
