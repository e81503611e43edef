import { constantTimeEqual, sha256 } from './hashing.js';

// RFC 7636 §4.1: code-verifier = 43*128unreserved
const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/;
// RFC 7636 §4.2: BASE64URL-ENCODE(SHA256(ASCII(code_verifier))); of the last character only four bits are of the hash
const S256_CHALLENGE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Whether it can be the S256 challenge of any verifier. */
export const isCodeChallenge = (challenge: string): boolean => S256_CHALLENGE.test(challenge);

/** Whether the verifier is of the right form and the one the challenge was made from, by S256. There is no other method. */
export const provesChallenge = (verifier: string, challenge: string): boolean =>
  VERIFIER.test(verifier) && constantTimeEqual(Buffer.from(codeChallenge(verifier)), Buffer.from(challenge));

export const codeChallenge = (verifier: string): string => sha256(verifier).toString('base64url');
