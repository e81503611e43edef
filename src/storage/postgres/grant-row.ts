import type { GrantRecord } from '../authorization.store.js';

/** The columns that every statement returns of a grant. */
export interface GrantRow {
  readonly id: string;
  readonly client: string;
  readonly subject: string;
  readonly sid: string | null;
  readonly scopes: string[];
  readonly resources: string[];
  readonly claims: Record<string, unknown>;
  readonly expires_at: Date;
  /** bigint, as the driver gives it. */
  readonly generation: string;
}

export const toGrant = (row: GrantRow): GrantRecord => ({
  authorizationId: row.id,
  client: row.client,
  subject: row.subject,
  ...(row.sid !== null && { sid: row.sid }),
  scopes: row.scopes,
  resources: row.resources,
  claims: row.claims,
  expiresAt: row.expires_at,
  generation: BigInt(row.generation),
});
