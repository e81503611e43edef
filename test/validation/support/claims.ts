import type { Clock } from '../../../src/protocol/clock.js';
import { EntryType, formatTokenId } from '../../../src/protocol/entry-key.js';
import { newAccessNumber } from '../../../src/protocol/token-string.js';
import { uuidv7 } from '../../../src/protocol/uuid.js';

export const AUDIENCE = 'https://api.example.com';
export const SUBJECT = '018f0000-0000-7000-8000-000000000001';

/** Claims of a good access token of the issuer, some of them replaced; `undefined` takes a claim away. */
export function claimsOf(issuer: string, clock: Clock, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const now = Math.floor(clock.now().getTime() / 1000);
  const jti = formatTokenId({
    bucket: 20_000,
    authorizationId: uuidv7(clock.now()),
    type: EntryType.accessToken,
    number: newAccessNumber(),
  });
  const claims = { iss: issuer, sub: SUBJECT, aud: AUDIENCE, exp: now + 900, iat: now, jti, client_id: 'web', scope: 'todos:read' };
  return { ...claims, ...changes };
}
