import { Injectable } from '@nestjs/common';
import {
  AuthorizationStore,
  type Approval,
  type FurtherAccess,
  type FurtherAccessOutcome,
  type LiveGrant,
  type NewEntry,
  type NewGrant,
  type Redemption,
  type RedemptionOutcome,
  type TokenFormats,
} from '../authorization.store.js';
import { ISSUE, ISSUE_STANDING, LIST_GRANTS, REDEEM, START, START_APPROVED } from './authorization.sql.js';
import { Database, type Statement } from './database.js';
import { toGrant, type GrantRow } from './grant-row.js';
import { Partitions } from './partitions.js';
import { logRowEnd } from './revocation.sql.js';

@Injectable()
export class PostgresAuthorizationStore extends AuthorizationStore {
  constructor(
    private readonly database: Database,
    private readonly partitions: Partitions,
  ) {
    super();
  }

  override async start(grant: NewGrant, link: NewEntry | undefined, access: NewEntry | undefined): Promise<boolean> {
    const { approval } = grant;
    const rows = await this.insert(
      approval ? START_APPROVED : START,
      grant.createdAt,
      [link, access],
      [
        grant.authorizationId,
        grant.client,
        grant.subject,
        grant.session?.sid ?? approval?.sid ?? null,
        grant.scopes,
        grant.resources,
        JSON.stringify(grant.claims),
        grant.createdAt,
        grant.expiresAt,
        formatBits(grant.formats),
        grant.credentialVersion ?? null,
        grant.session !== undefined,
        grant.session?.userAgent ?? null,
        grant.session?.address ?? null,
        link?.key.bucket ?? null,
        link?.key.type ?? null,
        link?.expiresAt ?? null,
        link?.hash ?? null,
        link?.payload ?? null,
        ...accessValues(access),
        ...(approval ? approvalValues(approval) : []),
      ],
    );
    return rows.length === 1;
  }

  override async redeem(redemption: Redemption): Promise<RedemptionOutcome | undefined> {
    const { presented, successor } = redemption;
    const [row] = await this.insert<RedeemedRow>(
      REDEEM,
      redemption.now,
      [successor, redemption.access],
      [
        presented.key.bucket,
        presented.key.authorizationId,
        presented.key.type,
        presented.key.number,
        presented.hash,
        redemption.now,
        redemption.leeway,
        redemption.nonce,
        redemption.keyId,
        redemption.client,
        redemption.scopes ?? null,
        redemption.resources ?? null,
        logRowEnd(redemption.now),
        formatBits(redemption.formats),
        successor?.key.bucket ?? null,
        successor?.expiresAt ?? null,
        successor?.hash ?? null,
        ...accessValues(redemption.access),
      ],
    );
    return row && { outcome: row.outcome, grant: toGrant(row), rotation: toRotation(row) };
  }

  override async issue(further: FurtherAccess): Promise<FurtherAccessOutcome | undefined> {
    const { presented, access } = further;
    const [row] = await this.insert<GrantRow & { written: number; link_expires_at: Date }>(
      ISSUE,
      further.now,
      [access],
      [
        presented.key.bucket,
        presented.key.authorizationId,
        presented.key.type,
        presented.key.number,
        presented.hash,
        further.now,
        further.mustBeHead,
        further.client,
        further.scopes ?? null,
        further.resources ?? null,
        access.key.bucket,
        access.key.number,
        further.createdAt,
        access.expiresAt,
        access.hash ?? null,
        access.payload ?? null,
      ],
    );
    return row && { grant: toGrant(row), written: row.written === 1, linkExpiresAt: row.link_expires_at };
  }

  override async issueStanding(client: string, createdAt: Date, access: NewEntry): Promise<boolean> {
    const rows = await this.insert(
      ISSUE_STANDING,
      createdAt,
      [access],
      [
        client,
        access.key.authorizationId,
        access.key.bucket,
        access.key.number,
        createdAt,
        access.expiresAt,
        access.hash ?? null,
        access.payload ?? null,
      ],
    );
    return rows.length === 1;
  }

  override async list(subject: string, now: Date): Promise<LiveGrant[]> {
    const rows = await this.database.run<LiveGrantRow>(LIST_GRANTS, [subject, now]);
    return rows.map(({ id, client, sid, scopes, created_at: createdAt, rotated_at: lastUsedAt, live_until: expiresAt }) => ({
      id,
      client,
      ...(sid !== null && { sid }),
      scopes,
      createdAt,
      lastUsedAt,
      expiresAt,
    }));
  }

  private insert<Row extends object>(
    statement: Statement,
    now: Date,
    entries: readonly (NewEntry | undefined)[],
    values: readonly unknown[],
  ): Promise<Row[]> {
    const buckets = entries.flatMap((entry) => (entry ? [entry.key.bucket] : []));
    return this.partitions.supplying(now, buckets, () => this.database.run<Row>(statement, values));
  }
}

interface RedeemedRow extends GrantRow {
  readonly outcome: RedemptionOutcome['outcome'];
  readonly rotated_at: Date;
  readonly key_id: number;
  readonly head_expires_at: Date | null;
  readonly access_expires_at: Date;
  readonly granted_scopes: string[];
  readonly granted_resources: string[];
  readonly formats: number;
}

interface LiveGrantRow {
  readonly id: string;
  readonly client: string;
  readonly sid: string | null;
  readonly scopes: string[];
  readonly created_at: Date;
  readonly rotated_at: Date;
  readonly live_until: Date;
}

const toRotation = (row: RedeemedRow): RedemptionOutcome['rotation'] => ({
  rotatedAt: row.rotated_at,
  keyId: row.key_id,
  ...(row.head_expires_at && { headExpiresAt: row.head_expires_at }),
  accessExpiresAt: row.access_expires_at,
  grantedScopes: row.granted_scopes,
  grantedResources: row.granted_resources,
  formats: { referenceAccess: (row.formats & 1) !== 0, selfContainedRefresh: (row.formats & 2) !== 0 },
});

const formatBits = (formats: TokenFormats): number => (formats.referenceAccess ? 1 : 0) | (formats.selfContainedRefresh ? 2 : 0);

const approvalValues = ({ sid, consented, pushedRequest, deviceRequest }: Approval): unknown[] => [
  sid !== undefined,
  consented,
  pushedRequest ?? null,
  deviceRequest?.id ?? null,
  deviceRequest?.hash ?? null,
];

const accessValues = (access: NewEntry | undefined): unknown[] => [
  access?.key.bucket ?? null,
  access?.key.number ?? null,
  access?.expiresAt ?? null,
  access?.hash ?? null,
  access?.payload ?? null,
];
