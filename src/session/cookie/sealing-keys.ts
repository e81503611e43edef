import { hkdfSync } from 'node:crypto';
import { seal, unseal } from '../../protocol/sealing.js';

// version 1 | key id 4 | what protocol/sealing makes
const VERSION = 1;
const KEY_ID_BYTES = 4;
const HEAD_BYTES = 1 + KEY_ID_BYTES;
const DERIVED_BYTES = 32;

/** What was sealed, and whether by another key than the newest: then it is due to be sealed anew. */
export interface Unsealed {
  readonly content: Buffer;
  readonly outdated: boolean;
}

/** A key ring: the first key seals, all of them open. Which one it was is told in clear, by a number that tells nothing of the key. */
export class SealingKeys {
  private readonly keys: readonly { readonly id: Buffer; readonly key: Buffer }[];

  /**
   * @param purpose what is sealed: with a key of its own (RFC 5869), so that a value made for one purpose is none for another
   * @param secrets newest first; 32 bytes or more each
   */
  constructor(purpose: string, secrets: readonly Buffer[]) {
    this.keys = secrets.map((secret) => ({ id: derived(secret, 'key id', KEY_ID_BYTES), key: derived(secret, purpose, DERIVED_BYTES) }));
  }

  /** @param boundTo where the value stands (a cookie's name, a row's id): elsewhere it does not open */
  seal(content: Buffer, boundTo: string): string {
    const [newest] = this.keys;
    if (!newest) throw new Error('There is no key to seal with.');
    const head = Buffer.concat([Buffer.of(VERSION), newest.id]);
    return Buffer.concat([head, seal(newest.key, content, additionalData(head, boundTo))]).toString('base64url');
  }

  /** Undefined: altered, cut short, of another version, purpose or place, or by a key that is not in the ring. */
  open(text: string, boundTo: string): Unsealed | undefined {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.toString('base64url') !== text) return undefined; // another spelling of it: RFC 4648 §3.5
    const head = bytes.subarray(0, HEAD_BYTES);
    if (head.length < HEAD_BYTES || head[0] !== VERSION) return undefined;
    const index = this.keys.findIndex(({ id }) => id.equals(head.subarray(1)));
    const key = this.keys[index]?.key;
    const content = key && unseal(key, bytes.subarray(HEAD_BYTES), additionalData(head, boundTo));
    return content && { content, outdated: index > 0 };
  }
}

const additionalData = (head: Buffer, boundTo: string): Buffer => Buffer.concat([head, Buffer.from(boundTo)]);

const derived = (secret: Buffer, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `countersign session ${purpose}`, bytes));
