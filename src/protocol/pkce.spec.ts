import fc from 'fast-check';
import { codeChallenge, isCodeChallenge, provesChallenge } from './pkce.js';

// RFC 7636 appendix B
const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

const unreserved = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'];
const verifiers = fc.string({ unit: fc.constantFrom(...unreserved), minLength: 43, maxLength: 128 });

describe('PKCE by S256 (RFC 7636)', () => {
  it('agrees with appendix B', () => {
    expect(codeChallenge(VERIFIER)).toBe(CHALLENGE);
    expect(provesChallenge(VERIFIER, CHALLENGE)).toBe(true);
  });

  it('accepts every verifier of the form of §4.1 for its own challenge and no other', () => {
    fc.assert(
      fc.property(verifiers, verifiers, (verifier, other) => {
        const challenge = codeChallenge(verifier);
        expect(isCodeChallenge(challenge)).toBe(true);
        expect(provesChallenge(verifier, challenge)).toBe(true);
        expect(provesChallenge(other, challenge)).toBe(other === verifier);
      }),
    );
  });

  it.each([
    ['shorter than 43 characters', VERIFIER.slice(1)],
    ['longer than 128', 'a'.repeat(129)],
    ['with a character that is not unreserved', VERIFIER.replace('-', '+')],
    ['with a line break at its end', `${VERIFIER}\n`],
    ['with letters beyond ASCII', VERIFIER.replace('m', 'µ')],
    ['that is empty', ''],
  ])('rejects a verifier %s, though the challenge was made from it', (_, verifier) => {
    expect(provesChallenge(verifier, codeChallenge(verifier))).toBe(false);
  });

  it('accepts a verifier of exactly 43 and of 128 characters', () => {
    for (const verifier of ['~'.repeat(43), '.'.repeat(128)]) expect(provesChallenge(verifier, codeChallenge(verifier))).toBe(true);
  });

  it('does not take the verifier itself for a challenge (there is no method `plain`)', () => {
    expect(provesChallenge(VERIFIER, VERIFIER)).toBe(false);
  });

  it.each([
    ['padded', `${CHALLENGE}=`],
    ['too short', CHALLENGE.slice(1)],
    ['too long', `${CHALLENGE}A`],
    ['in plain base64', CHALLENGE.replace('-', '+')],
    ['with spare bits set', `${CHALLENGE.slice(0, -1)}N`],
    ['empty', ''],
  ])('rejects a challenge that is %s', (_, challenge) => {
    expect(isCodeChallenge(challenge)).toBe(false);
  });
});
