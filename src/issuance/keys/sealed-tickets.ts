import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import { isCanonicalBase64url } from '../../protocol/base64url.js';
import { Clock } from '../../protocol/clock.js';
import { KeyRing } from './key-ring.js';
import type { SymmetricKey } from './key-material.js';

/** What a ticket is for, as its `typ`: each kind is sealed with a key of its own. */
export type TicketKind = 'authorization+jwe' | 'sign-out+jwe';

interface Ticket {
  readonly content: object;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

const LONGEST = 16_384;

/**
 * What a browser carries for us from one request to the next, where a row would let anyone fill a table: JWE (RFC 7516), `dir`, A256GCM. It can be neither
 * read nor altered, but it can be copied and used again: whoever seals says in the content to whom it belongs.
 */
@Injectable()
export class SealedTickets {
  constructor(
    private readonly keys: KeyRing,
    private readonly clock: Clock,
  ) {}

  /** @param lifetime seconds */
  seal(kind: TicketKind, content: object, lifetime: number): Promise<string> {
    const now = this.clock.now();
    const key = this.keys.sealing(now);
    const ticket: Ticket = { content, until: now.getTime() + lifetime * 1000 };
    return new CompactEncrypt(Buffer.from(JSON.stringify(ticket)))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: key.kid, typ: kind })
      .encrypt(keyOf(kind, key));
  }

  /** Undefined: not sealed by us, of another kind, or its time is over. @throws StorageUnavailableError */
  async open(kind: TicketKind, text: string): Promise<object | undefined> {
    // As with tokens: one spelling only.
    const kid = text.length > LONGEST || !text.split('.').every(isCanonicalBase64url) ? undefined : headerKid(kind, text);
    const key = kid === undefined ? undefined : await this.keys.sealingByKid(kid);
    const ticket = key && (await opened(text, keyOf(kind, key)));
    return ticket && ticket.until > this.clock.now().getTime() ? ticket.content : undefined;
  }
}

const keyOf = (kind: TicketKind, { secret }: SymmetricKey): Buffer => createHmac('sha256', secret).update(`ticket ${kind}`).digest();

function headerKid(kind: TicketKind, text: string): string | undefined {
  try {
    const { kid, typ } = decodeProtectedHeader(text);
    return typ === kind && typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}

async function opened(text: string, key: Buffer): Promise<Ticket | undefined> {
  try {
    const { plaintext } = await compactDecrypt(text, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return JSON.parse(Buffer.from(plaintext).toString('utf8')) as Ticket;
  } catch {
    return undefined;
  }
}
