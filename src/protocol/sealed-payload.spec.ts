import { createCipheriv, createHash } from 'node:crypto';
import fc from 'fast-check';
import { EntryType } from './entry-key.js';
import { openPayload, sealPayload } from './sealed-payload.js';
import type { ReferenceToken } from './token-string.js';

const TOKEN: ReferenceToken = {
  key: { bucket: 20_000, authorizationId: '0190f6a5-7c3e-7d5b-8f00-0123456789ab', type: EntryType.accessToken, number: 7n },
  identifier: Buffer.alloc(32, 0x5a),
};
const PAYLOAD = { scopes: ['todos:read'], link: 3 };

describe('The sealed payload (architecture.md §4)', () => {
  it('is opened by its own token', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (payload) => {
        const value = JSON.parse(JSON.stringify(payload)) as object;
        expect(openPayload(TOKEN, sealPayload(TOKEN, value))).toEqual(value);
      }),
    );
  });

  it('is version 2 ‖ nonce ‖ AES-256-GCM under SHA-256(1 ‖ identifier ‖ "payload" ‖ type ‖ entry key) with type and entry key as additional data ‖ tag', () => {
    const bound = Buffer.from(`04${'00004e20'}${'0190f6a57c3e7d5b8f000123456789ab'}${'0000000000000007'}`, 'hex');
    const key = createHash('sha256')
      .update(Buffer.concat([Buffer.of(0, 0, 0, 1), TOKEN.identifier, Buffer.from('payload'), bound]))
      .digest();
    const nonce = Buffer.alloc(12, 3);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound);
    const ciphertext = Buffer.concat([cipher.update(JSON.stringify(PAYLOAD)), cipher.final()]);
    expect(openPayload(TOKEN, Buffer.concat([Buffer.of(2), nonce, ciphertext, cipher.getAuthTag()]))).toEqual(PAYLOAD);
  });

  it('is never the same twice, and shows nothing of what it holds', () => {
    const [one, other] = [sealPayload(TOKEN, PAYLOAD), sealPayload(TOKEN, PAYLOAD)];
    expect(one.equals(other)).toBe(false);
    expect(one.includes('todos')).toBe(false);
    expect(one).toHaveLength(1 + 12 + JSON.stringify(PAYLOAD).length + 16);
  });

  it('does not open with any one bit of it changed', () => {
    const sealed = sealPayload(TOKEN, PAYLOAD);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = Buffer.from(sealed);
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(openPayload(TOKEN, altered)).toBeUndefined();
    }
  });

  it('does not open when it is cut, at either end, or extended', () => {
    const sealed = sealPayload(TOKEN, PAYLOAD);
    for (let length = 0; length < sealed.length; length++) {
      expect(openPayload(TOKEN, sealed.subarray(0, length))).toBeUndefined();
      if (length > 0) expect(openPayload(TOKEN, sealed.subarray(length))).toBeUndefined();
    }
    expect(openPayload(TOKEN, Buffer.concat([sealed, Buffer.of(0)]))).toBeUndefined();
  });

  it.each([0, 1, 3, 0x82, 255])('does not open as version %d', (version) => {
    const sealed = sealPayload(TOKEN, PAYLOAD);
    sealed.writeUInt8(version, 0);
    expect(openPayload(TOKEN, sealed)).toBeUndefined();
  });

  const { key } = TOKEN;
  const others: [name: string, token: ReferenceToken][] = [
    ['another bucket', { ...TOKEN, key: { ...key, bucket: key.bucket + 1 } }],
    ['another grant', { ...TOKEN, key: { ...key, authorizationId: '0190f6a5-7c3e-7d5b-8f00-0123456789ac' } }],
    ['another number', { ...TOKEN, key: { ...key, number: key.number + 1n } }],
    ['another type', { ...TOKEN, key: { ...key, type: EntryType.authorizationCode } }],
    ['another identifier', { ...TOKEN, identifier: Buffer.concat([Buffer.alloc(31, 0x5a), Buffer.of(0x5b)]) }],
  ];
  it.each(others)('does not open moved to %s', (_, other) => {
    expect(openPayload(other, sealPayload(TOKEN, PAYLOAD))).toBeUndefined();
    expect(openPayload(TOKEN, sealPayload(other, PAYLOAD))).toBeUndefined();
  });

  it('does not open noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (noise) =>
        expect(openPayload(TOKEN, Buffer.concat([Buffer.of(2), noise]))).toBeUndefined(),
      ),
    );
  });
});
