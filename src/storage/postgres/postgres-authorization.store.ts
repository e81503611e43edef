import { Injectable } from '@nestjs/common';
import {
  AuthorizationStore,
  type Approval,
  type FurtherAccess,
  type FurtherAccessOutcome,
  type GrantRecord,
  type LastRotation,
  type LiveGrant,
  type NewEntry,
  type NewGrant,
  type Redemption,
  type RedemptionOutcome,
  type TokenFormats,
} from '../authorization.store.js';
import { ISSUE, ISSUE_STANDING, LIST_GRANTS, REDEEM, START, START_APPROVED } from './authorization.sql.js';
import { Database } from './database.js';
import type { Statement } from './statement.js';
import { toGrant, type GrantRow } from './grant-row.js';
import { Partitions, type PartitionNeeds } from './partitions.js';
import { logRowEnd } from './revocation.sql.js';
import { latest, SharedCalls } from './shared-calls.js';

@Injectable()
export class PostgresAuthorizationStore extends AuthorizationStore {
  private readonly redeeming = new SharedCalls<Redemption, RedeemedRow | undefined>({
    run: (calls) => this.redeemAll(calls),
    apart: ({ presented }) => presented.key.authorizationId,
  });
  private readonly standing = new SharedCalls<StandingIssue, boolean>({ run: (calls) => this.issueAll(calls) });

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
    const row = await this.redeeming.ask(redemption);
    if (!row) return undefined;
    const grant = toGrant(row);
    return { outcome: row.outcome, grant, rotation: row.outcome === 'won' ? rotationOf(redemption, grant) : toRotation(row) };
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

  override issueStanding(client: string, createdAt: Date, access: NewEntry): Promise<boolean> {
    return this.standing.ask({ client, createdAt, access });
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

  private redeemAll(redemptions: readonly Redemption[]): Promise<(RedeemedRow | undefined)[]> {
    const needs = (): PartitionNeeds => ({
      now: latest(redemptions.map(({ now }) => now)),
      buckets: bucketsOf(redemptions.flatMap(({ successor, access }) => [successor, access])),
    });
    return this.partitions.supplying(needs, () => this.database.share<RedeemedRow>(REDEEM.of(redemptions.map(redemptionValues))));
  }

  private async issueAll(calls: readonly StandingIssue[]): Promise<boolean[]> {
    const { statement, values } = ISSUE_STANDING.of(calls.map(standingValues));
    const needs = (): PartitionNeeds => ({
      now: latest(calls.map(({ createdAt }) => createdAt)),
      buckets: bucketsOf(calls.map(({ access }) => access)),
    });
    const rows = await this.partitions.supplying(needs, () => this.database.run<{ number: string }>(statement, values));
    const written = new Set(rows.map(({ number }) => number));
    return calls.map(({ access }) => written.has(String(access.key.number)));
  }

  private insert<Row extends object>(
    statement: Statement,
    now: Date,
    entries: readonly (NewEntry | undefined)[],
    values: readonly unknown[],
  ): Promise<Row[]> {
    return this.partitions.supplying(
      () => ({ now, buckets: bucketsOf(entries) }),
      () => this.database.run<Row>(statement, values),
    );
  }
}

interface StandingIssue {
  readonly client: string;
  readonly createdAt: Date;
  readonly access: NewEntry;
}

interface RotationColumns {
  readonly rotated_at: Date;
  readonly key_id: number;
  readonly head_expires_at: Date | null;
  readonly access_expires_at: Date;
  readonly granted_scopes: string[];
  readonly granted_resources: string[];
  readonly formats: number;
}
type RedeemedRow = GrantRow & ({ readonly outcome: 'won' } | ({ readonly outcome: 'retry' | 'reuse' } & RotationColumns));

interface LiveGrantRow {
  readonly id: string;
  readonly client: string;
  readonly sid: string | null;
  readonly scopes: string[];
  readonly created_at: Date;
  readonly rotated_at: Date;
  readonly live_until: Date;
}

const bucketsOf = (entries: readonly (NewEntry | undefined)[]): number[] => entries.flatMap((entry) => (entry ? [entry.key.bucket] : []));

const redemptionValues = ({ presented, successor, access, ...asked }: Redemption) => ({
  bucket: presented.key.bucket,
  authorization: presented.key.authorizationId,
  type: presented.key.type,
  number: presented.key.number,
  hash: presented.hash,
  now: asked.now,
  leeway: asked.leeway,
  nonce: asked.nonce,
  key_id: asked.keyId,
  client: asked.client,
  scopes: asked.scopes,
  resources: asked.resources,
  log_until: logRowEnd(asked.now),
  formats: formatBits(asked.formats),
  successor_bucket: successor?.key.bucket,
  successor_expires: successor?.expiresAt,
  successor_hash: successor?.hash,
  access_bucket: access.key.bucket,
  access_number: access.key.number,
  access_expires: access.expiresAt,
  access_hash: access.hash,
  access_payload: access.payload,
});

const standingValues = ({ client, createdAt, access }: StandingIssue) => ({
  client,
  authorization: access.key.authorizationId,
  bucket: access.key.bucket,
  number: access.key.number,
  created: createdAt,
  expires: access.expiresAt,
  hash: access.hash,
  payload: access.payload,
});

/** What the row of the grant says now, in the words of the one who wrote it. */
const rotationOf = ({ now, keyId, successor, access, scopes, resources, formats }: Redemption, grant: GrantRecord): LastRotation => ({
  rotatedAt: now,
  keyId,
  ...(successor && { headExpiresAt: successor.expiresAt }),
  accessExpiresAt: access.expiresAt,
  grantedScopes: scopes ?? grant.scopes,
  grantedResources: resources ?? grant.resources,
  formats,
});

const toRotation = (row: RotationColumns): LastRotation => ({
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
