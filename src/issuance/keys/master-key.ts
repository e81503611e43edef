import { hkdfSync } from 'node:crypto';
import { seal, unseal } from '../../protocol/sealing.js';

const DERIVED_BYTES = 32;

/** Seals the private parts of keys for the database, bound to the key's name and purpose. */
export class MasterKey {
  constructor(private readonly key: Buffer) {}

  seal(secret: Buffer, boundTo: string): Buffer {
    return seal(this.key, secret, Buffer.from(boundTo));
  }

  /** 256 bits for a purpose: the same on every instance, and telling nothing of the master key or of those for other purposes. RFC 5869 */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.key, '', `countersign ${purpose}`, DERIVED_BYTES));
  }

  /** @throws Error when this is not the master key it was sealed with */
  open(sealed: Buffer, boundTo: string): Buffer {
    const secret = unseal(this.key, sealed, Buffer.from(boundTo));
    if (!secret)
      throw new Error('The keys in the database were sealed with another master key. Start with the MASTER_KEY they were made with.');
    return secret;
  }
}
