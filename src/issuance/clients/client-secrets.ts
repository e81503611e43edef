import { decodeFormComponent } from '../../protocol/form.js';
import { constantTimeEqual, sha256 } from '../../protocol/hashing.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { invalidClient } from './invalid-client.js';

/** Characters of a client id, and of a secret. */
export const LONGEST = 512;
/** Compared with when there is nothing to compare with, so that an unknown client takes the time of a known one. */
const NO_SECRET = Buffer.alloc(32);

/** Whether it is one of the client's live secrets. Always two comparisons, whatever the client has, and whether or not there is one. */
export function matchesSecret(client: ClientRecord | undefined, secret: string, now: Date): boolean {
  const presented = sha256(secret);
  const live = (client?.secrets ?? []).filter(({ expiresAt }) => !expiresAt || expiresAt > now).map(({ hash }) => hash);
  return [live[0] ?? NO_SECRET, live[1] ?? NO_SECRET].map((hash) => constantTimeEqual(hash, presented)).some(Boolean);
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. @throws OAuthError invalid_client */
export function readBasic(authorization: string): { readonly id: string; readonly secret: string } {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1 || text.length > 2 * LONGEST || text.includes('\0')) throw invalidClient('client_secret_basic');
  try {
    const id = decodeFormComponent(text.slice(0, colon));
    const secret = decodeFormComponent(text.slice(colon + 1));
    if (id.includes('\0')) throw invalidClient('client_secret_basic');
    return { id, secret };
  } catch {
    throw invalidClient('client_secret_basic');
  }
}
