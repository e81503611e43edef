import { createCipheriv, createDecipheriv } from 'node:crypto';
import { randomBytes } from './random-bytes.js';

// nonce 12 | ciphertext | tag 16
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const NOTHING = Buffer.alloc(0);

/**
 * AES-256-GCM (NIST SP 800-38D). What it is bound to is not kept with it, but must be known to open it.
 * @param prefix stands before it in the clear
 */
export function seal(key: Buffer, content: Buffer, boundTo: Buffer, prefix = NOTHING): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundTo);
  const ciphertext = cipher.update(content);
  cipher.final(); // nothing more: the mode has no blocks to fill
  return Buffer.concat([prefix, nonce, ciphertext, cipher.getAuthTag()]);
}

/** Undefined: altered, cut short, sealed with another key or bound to something else. */
export function unseal(key: Buffer, sealed: Buffer, boundTo: Buffer): Buffer | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo).setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}
