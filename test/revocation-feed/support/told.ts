import { performance } from 'node:perf_hooks';
import { rowsOf, type FeedPart } from '../../../src/validation/feed/feed-part.js';
import { Revocations, type Judgement } from '../../../src/validation/feed/revocations.js';
import { Principal } from '../../../src/validation/principal.js';
import { claimsOf } from '../../support/jwt.js';

/** What a guard would hold that was told these parts. */
export function heldBy(parts: readonly FeedPart[]): Revocations {
  const held = new Revocations();
  for (const part of parts) held.add(rowsOf(part), performance.now());
  return held;
}

/** What it would say of a signed access token. */
export function judge(held: Revocations, jwt: string): Judgement {
  const principal = Principal.fromClaims(claimsOf(jwt));
  if (!principal) throw new Error('That is no access token.');
  return held.judge(principal, JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()).kid);
}

/** Fingerprints of a part, as hexadecimal. */
export const idsIn = (part: FeedPart): string[] =>
  [...rowsOf(part)].filter(({ key }) => key.length === 8).map(({ key }) => key.toString('hex'));
