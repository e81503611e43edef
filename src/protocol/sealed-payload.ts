import { createHmac } from 'node:crypto';
import { encodeEntryKey } from './entry-key.js';
import { seal, unseal } from './sealing.js';
import type { ReferenceToken } from './token-string.js';

const PAYLOAD = Buffer.from('payload');
/** The first byte; what is sealed follows. */
const VERSION = 1;

/**
 * Seals what belongs to a reference token with a key that only the token itself yields: HMAC-SHA256(identifier, "payload" ‖ type ‖ entry key),
 * AES-256-GCM, the entry key as additional data. Whoever holds the database reads nothing; a payload moved to another row does not open.
 */
export const sealPayload = (token: ReferenceToken, payload: object): Buffer =>
  Buffer.concat([Buffer.of(VERSION), seal(payloadKey(token), Buffer.from(JSON.stringify(payload)), boundTo(token))]);

/** Opens a payload; `undefined` when it was altered, moved, truncated, of another version, or the token is not its own. */
export function openPayload(token: ReferenceToken, sealed: Buffer): object | undefined {
  const content = sealed[0] === VERSION ? unseal(payloadKey(token), sealed.subarray(1), boundTo(token)) : undefined;
  return content && (JSON.parse(content.toString('utf8')) as object);
}

const boundTo = ({ key }: ReferenceToken): Buffer => Buffer.concat([Buffer.of(key.type), encodeEntryKey(key)]);

const payloadKey = (token: ReferenceToken): Buffer =>
  createHmac('sha256', token.identifier)
    .update(Buffer.concat([PAYLOAD, boundTo(token)]))
    .digest();
