import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { bucketOf, EntryType } from '../../protocol/entry-key.js';
import { tokenHash } from '../../protocol/hashing.js';
import { newAccessNumber, newIdentifier, type ReferenceToken } from '../../protocol/token-string.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { AuthorizationStore, type NewGrant } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import type { NewChainGrant } from '../grants/grant.js';
import { AccessTokenMinter } from './access-token-minter.js';
import { earlier, endOf, secondsUntil } from './lifetimes.js';
import type { MintedTokens } from './minted-tokens.js';
import { RefreshTokenWriter } from './refresh-token-writer.js';

/** Opens a person's grant: its row, link 0 and the first access token in one statement. */
@Injectable()
export class ChainStart {
  constructor(
    private readonly policy: ClientPolicy,
    private readonly store: AuthorizationStore,
    private readonly minter: AccessTokenMinter,
    private readonly refreshTokens: RefreshTokenWriter,
    private readonly clock: Clock,
  ) {}

  /** Undefined: the person or the client was disabled, the credential changed, or what was approved ended or was spent, meanwhile. */
  async start(client: ClientRecord, grant: NewChainGrant): Promise<MintedTokens | undefined> {
    const settings = this.policy.settings(client);
    const now = this.clock.now();
    const authorizationId = uuidv7(now);
    const end = endOf(now, settings.chainLifetime);
    const accessEnd = endOf(now, settings.accessTokenLifetime);
    const refreshEnd = endOf(now, settings.refreshTokenLifetime);
    const link: ReferenceToken = {
      key: { bucket: bucketOf(refreshEnd), authorizationId, type: EntryType.refreshToken, number: 0n },
      identifier: newIdentifier(),
    };
    const draft = this.minter.draft({
      authorizationId,
      number: newAccessNumber(),
      expiresAt: accessEnd,
      ...(settings.referenceAccessTokens && { identifier: newIdentifier() }),
      payload: { link: 0 },
    });
    const sid = grant.session && uuidv7(now);
    const record: NewGrant = {
      authorizationId,
      client: client.id,
      subject: grant.subject,
      scopes: grant.scopes,
      resources: grant.resources,
      claims: grant.claims,
      createdAt: now,
      expiresAt: end,
      formats: { referenceAccess: settings.referenceAccessTokens, selfContainedRefresh: !settings.referenceRefreshTokens },
      ...(grant.credentialVersion !== undefined && { credentialVersion: grant.credentialVersion }),
      ...(sid !== undefined && { session: { ...grant.session, sid } }),
      ...(grant.approval && { approval: grant.approval }),
    };
    const linkEntry = grant.refreshable ? { key: link.key, expiresAt: refreshEnd, hash: tokenHash(link) } : undefined;
    if (!(await this.store.start(record, linkEntry, draft.entry))) return undefined;
    const opened = { ...record, ...(sid !== undefined && { sid }) };
    const facts = { ...opened, link: 0, issuedAt: now, expiresAt: earlier(accessEnd, end) };
    return {
      accessToken: this.minter.write(draft, facts, settings.accessTokenAlgorithm),
      expiresIn: secondsUntil(facts.expiresAt, endOf(now, 0)),
      scopes: grant.scopes,
      person: opened,
      ...(linkEntry && {
        refreshToken: await this.refreshTokens.write(link, record.formats.selfContainedRefresh, opened, now, earlier(refreshEnd, end)),
        refreshTokenExpiresIn: secondsUntil(earlier(refreshEnd, end), now),
      }),
    };
  }
}
