import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { encodeEntryKey } from './entry-key.js';
import type { ReferenceToken } from './token-string.js';

// version 1 | nonce 12 | ciphertext | tag 16
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OVERHEAD = 1 + NONCE_BYTES + TAG_BYTES;

/**
 * Seals what belongs to a reference token with a key that only the token itself yields: HMAC-SHA256(identifier, "payload" ‖ type ‖ entry key),
 * AES-256-GCM, the entry key as additional data. Whoever holds the database reads nothing; a payload moved to another row does not open.
 */
export function sealPayload(token: ReferenceToken, payload: object): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', payloadKey(token), nonce).setAAD(boundTo(token));
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(payload), 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, ciphertext, cipher.getAuthTag()]);
}

/** Opens a payload; `undefined` when it was altered, moved, truncated, of another version, or the token is not its own. */
export function openPayload(token: ReferenceToken, sealed: Buffer): object | undefined {
  if (sealed.length < OVERHEAD || sealed[0] !== VERSION) return undefined;
  const tag = sealed.subarray(sealed.length - TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', payloadKey(token), sealed.subarray(1, 1 + NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(token)).setAuthTag(tag);
  try {
    const text = Buffer.concat([decipher.update(sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

const boundTo = ({ key }: ReferenceToken): Buffer => Buffer.concat([Buffer.of(key.type), encodeEntryKey(key)]);

const payloadKey = (token: ReferenceToken): Buffer =>
  createHmac('sha256', token.identifier).update('payload').update(boundTo(token)).digest();
