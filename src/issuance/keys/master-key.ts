import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

// nonce 12 | ciphertext | tag 16
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DERIVED_BYTES = 32;

/** Seals the private parts of keys for the database: AES-256-GCM, bound to the key's name and purpose. */
export class MasterKey {
  constructor(private readonly key: Buffer) {}

  seal(secret: Buffer, boundTo: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(boundTo));
    return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  }

  /** 256 bits for a purpose: the same on every instance, and telling nothing of the master key or of those for other purposes. RFC 5869 */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.key, '', `countersign ${purpose}`, DERIVED_BYTES));
  }

  /** @throws Error when this is not the master key it was sealed with */
  open(sealed: Buffer, boundTo: string): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(boundTo)).setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      throw new Error('The keys in the database were sealed with another master key. Start with the MASTER_KEY they were made with.');
    }
  }
}
