import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import { isCanonicalBase64url } from '../../protocol/base64url.js';
import { KeyRing } from '../keys/key-ring.js';

/** What a self-contained refresh token holds. Dates in seconds since the epoch. */
export interface RefreshEnvelopeContent {
  /** The reference token it stands for; absent when it was issued without storage. */
  readonly ref?: string;
  readonly iss: string;
  readonly client_id: string;
  readonly sub: string;
  readonly scope: string;
  readonly aud: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly iat: number;
  readonly exp: number;
  /** Absolute end of the chain. */
  readonly end: number;
  readonly sid?: string;
  /** Credential version of the person at sign-in. */
  readonly cv?: number;
}

const LONGEST_JWE = 16_384;
const TYPE = 'rt+jwe';
const NONCE_BYTES = 12;

/**
 * Self-contained refresh tokens: JWE (RFC 7516), `dir`, A256GCM. The nonce is derived from the plaintext, so that the same content gives the same
 * token (a retry within the leeway) and no nonce serves two contents.
 */
@Injectable()
export class RefreshEnvelope {
  constructor(private readonly keys: KeyRing) {}

  seal(content: RefreshEnvelopeContent): Promise<string> {
    const { kid, secret } = this.keys.sealing(new Date(content.iat * 1000));
    const plaintext = Buffer.from(JSON.stringify(content));
    const nonceKey = createHmac('sha256', secret).update('nonce key').digest(); // one key, one use
    const nonce = createHmac('sha256', nonceKey).update(plaintext).digest().subarray(0, NONCE_BYTES);
    return new CompactEncrypt(plaintext)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, typ: TYPE })
      .setInitializationVector(nonce)
      .encrypt(secret);
  }

  /** Undefined for anything that was not sealed by us. Expired ones are returned too. @throws StorageUnavailableError */
  async open(token: string): Promise<RefreshEnvelopeContent | undefined> {
    // As with references and signed tokens: one spelling only.
    if (token.length > LONGEST_JWE || token.split('.').length !== 5 || !token.split('.').every(isCanonicalBase64url)) return undefined;
    const kid = headerKid(token);
    const key = kid === undefined ? undefined : await this.keys.sealingByKid(kid);
    if (!key) return undefined;
    try {
      const { plaintext } = await compactDecrypt(token, key.secret, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return JSON.parse(Buffer.from(plaintext).toString('utf8')) as RefreshEnvelopeContent;
    } catch {
      return undefined;
    }
  }
}

function headerKid(token: string): string | undefined {
  try {
    const { kid, typ } = decodeProtectedHeader(token);
    return typ === TYPE ? kid : undefined;
  } catch {
    return undefined;
  }
}
