import fc from 'fast-check';
import { isCanonicalBase64url } from './base64url.js';

describe('isCanonicalBase64url', () => {
  it('is true for what was encoded', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => isCanonicalBase64url(Buffer.from(bytes).toString('base64url'))));
  });

  it.each(['AB', 'AAB', 'AA==', 'A', 'AA\n', '+/', 'A.'])('is false for %j', (text) => expect(isCanonicalBase64url(text)).toBe(false));
});
