import type { EntryKey } from '../../src/protocol/entry-key.js';
import { isSameSet, isSubset } from '../../src/protocol/scope.js';
import type { TokenFormats } from '../../src/storage/authorization.store.js';
import type { ClientSettings } from '../../src/storage/client.store.js';
import type { TokenStatus } from '../../src/storage/token-entry.store.js';
import type { TestClient } from '../support/clients.js';

// What the service is to do, without a database: the state of every chain, and what each presentation of a token must come to. Times in milliseconds.

export const DAY = 86_400_000;

export interface ModelClient extends TestClient {
  readonly role: 'public' | 'confidential';
  overrides: ClientSettings;
  /** Grows when the client is disabled: everything it had before is dead for good. */
  epoch: number;
  disabled: boolean;
}

export interface Link {
  readonly generation: number;
  /** As it went over the wire. */
  readonly token: string;
  readonly key: EntryKey;
  readonly expiresAt: number;
}

export interface Access {
  readonly token: string;
  readonly jti: string;
  readonly key: EntryKey;
  readonly expiresAt: number;
  revoked: boolean;
}

/** What was asked for on the strength of a link; undefined: all that the chain has. */
export interface Asked {
  readonly scopes: readonly string[] | undefined;
  readonly resources: readonly string[] | undefined;
}

/** What is remembered of the newest rotation. */
export interface Rotation {
  readonly rotatedAt: number;
  readonly refreshToken: string;
  readonly headEnd: number;
  readonly accessEnd: number;
  readonly formats: TokenFormats;
  readonly effective: string;
  /** Access tokens by what they were asked for: the winner's and those of retries that asked otherwise. */
  readonly accesses: Map<string, Access>;
}

export interface Chain {
  readonly id: string;
  readonly client: ModelClient;
  readonly epoch: number;
  readonly subject: string;
  readonly sid: string | undefined;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly endsAt: number;
  readonly links: Link[];
  readonly accesses: Access[];
  rotation: Rotation | undefined;
  revoked: boolean;
  /** Until when its log rows are kept, one for each. */
  readonly logs: number[];
  /** The same of its access tokens. */
  readonly accessLogs: number[];
  /** End of its newest entry. */
  newestEnd: number;
}

export type Verdict = 'won' | 'retry' | 'retry, other parameters' | 'further' | 'reuse' | Refusal;
export type Refusal = 'invalid_grant' | 'invalid_scope' | 'invalid_target';

/** What judging needs of the instance that is asked. */
export interface Judge {
  readonly now: number;
  readonly rotation: boolean;
  /** Seconds. */
  readonly leeway: number;
  /** Entries of days before this one were dropped. */
  readonly keptFrom: number;
}

export const effective = (chain: Chain, asked: Asked): string =>
  JSON.stringify([[...(asked.scopes ?? chain.scopes)].sort(), [...(asked.resources ?? chain.resources)].sort()]);

/** Whether everything under the chain is dead, whatever its dates say. */
export const isEnded = ({ revoked, client, epoch }: Chain): boolean => revoked || client.disabled || client.epoch !== epoch;

/** What presenting a genuine link must come to. Order of tests = what a caller is told first. */
export function judge(chain: Chain, link: Link, client: ModelClient, asked: Asked, { now, rotation, leeway, keptFrom }: Judge): Verdict {
  if (link.key.bucket < keptFrom || client !== chain.client) return 'invalid_grant';
  if (isEnded(chain) || Math.min(link.expiresAt, chain.endsAt) <= now) return 'invalid_grant';
  if (asked.scopes && !isSubset(asked.scopes, chain.scopes)) return 'invalid_scope';
  if (asked.resources && !isSubset(asked.resources, chain.resources)) return 'invalid_target';
  const head = chain.links.length - 1;
  if (link.generation === head) return rotation ? 'won' : 'further';
  const newest = chain.rotation;
  if (!newest || link.generation !== head - 1 || leeway === 0 || newest.rotatedAt <= now - leeway * 1000) return 'reuse';
  return effective(chain, asked) === newest.effective ? 'retry' : 'retry, other parameters';
}

export const linkStatus = (chain: Chain, link: Link, now: number): TokenStatus => {
  if (isEnded(chain)) return 'revoked';
  if (Math.min(link.expiresAt, chain.endsAt) <= now) return 'expired';
  return link.generation < chain.links.length - 1 ? 'redeemed' : 'valid';
};

export const accessStatus = (chain: Chain, access: Access, now: number): TokenStatus => {
  if (access.revoked || isEnded(chain)) return 'revoked';
  return Math.min(access.expiresAt, chain.endsAt) <= now ? 'expired' : 'valid';
};

export const sameSet = (a: readonly string[], b: readonly string[]): boolean => isSameSet(a, b);
