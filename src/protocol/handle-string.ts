import { createHmac } from 'node:crypto';
import { sha256 } from './hashing.js';
import { randomBytes } from './random-bytes.js';
import { seal, unseal } from './sealing.js';
import { formatUuid, uuidBytes } from './uuid.js';

/**
 * What browsers and devices hold beside tokens: an id that says where the row lives, and 256 bits that prove possession. Only the hash is stored. The
 * prefixes make leaked ones findable by secret scanners.
 */
export interface Handle {
  /** UUID, lower case. */
  readonly id: string;
  readonly identifier: Buffer;
}

/** What a handle opens. `browser`: no row at all, a mark by which a browser is known again. */
export const HandlePrefix = { browser: 'cs_br_', session: 'cs_ss_', pushedRequest: 'cs_pr_', deviceCode: 'cs_dc_' } as const;
export type HandlePrefix = (typeof HandlePrefix)[keyof typeof HandlePrefix];

const ID_BYTES = 16;
const IDENTIFIER_BYTES = 32;
const BODY = /^[A-Za-z0-9_-]{64}$/; // 48 bytes: no spare bits, so that a handle has one spelling only

export const newHandle = (id: string): Handle => ({ id, identifier: randomBytes(IDENTIFIER_BYTES) });

/** prefix + base64url( id 16 ‖ identifier 32 ): 70 characters. */
export const formatHandle = (prefix: HandlePrefix, { id, identifier }: Handle): string =>
  prefix + Buffer.concat([uuidBytes(id), identifier]).toString('base64url');

/** Undefined for anything that is not exactly of this form. Says nothing about whether it was ever given out. */
export function parseHandle(prefix: HandlePrefix, text: string): Handle | undefined {
  if (!text.startsWith(prefix) || !BODY.test(text.slice(prefix.length))) return undefined;
  const bytes = Buffer.from(text.slice(prefix.length), 'base64url');
  return { id: formatUuid(bytes.subarray(0, ID_BYTES)), identifier: bytes.subarray(ID_BYTES) };
}

/** What the database keeps: SHA-256( prefix ‖ id ‖ identifier ), bound to its row and kind. */
export const handleHash = (prefix: HandlePrefix, { id, identifier }: Handle): Buffer =>
  sha256(Buffer.concat([Buffer.from(prefix), uuidBytes(id), identifier]));

/** Seals what belongs to a handle with a key that only the handle itself yields. */
export const sealForHandle = (prefix: HandlePrefix, handle: Handle, content: object): Buffer =>
  seal(sealingKey(prefix, handle), Buffer.from(JSON.stringify(content)), boundTo(prefix, handle));

/** Undefined when it was altered, moved to another row, or the handle is not its own. */
export function openForHandle(prefix: HandlePrefix, handle: Handle, sealed: Buffer): object | undefined {
  const content = unseal(sealingKey(prefix, handle), sealed, boundTo(prefix, handle));
  return content && (JSON.parse(content.toString('utf8')) as object);
}

const boundTo = (prefix: HandlePrefix, { id }: Handle): Buffer => Buffer.concat([Buffer.from(prefix), uuidBytes(id)]);

const sealingKey = (prefix: HandlePrefix, handle: Handle): Buffer =>
  createHmac('sha256', handle.identifier).update('payload').update(boundTo(prefix, handle)).digest();
