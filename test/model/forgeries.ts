import { EntryType, type EntryKey } from '../../src/protocol/entry-key.js';
import { formatToken, newIdentifier, parseToken, type ReferenceToken } from '../../src/protocol/token-string.js';
import type { Link } from './chain-model.js';

export type Forgery =
  'identifier' | 'bucket' | 'authorization' | 'number' | 'other link' | 'other chain' | 'random' | 'type' | 'longer' | 'shorter';

/** A token that was never issued, as near to a genuine one as can be. */
export function forge(kind: Forgery, link: Link, otherHead: Link, bit: number): string {
  if (kind === 'longer') return `${link.token}A`;
  if (kind === 'shorter') return link.token.slice(0, -1);
  const reference = parseToken(link.token);
  return reference ? formatToken(alter(reference, kind, otherHead.key, bit)) : alterEnvelope(link.token, kind, bit);
}

function alter({ key, identifier }: ReferenceToken, kind: Forgery, other: EntryKey, bit: number): ReferenceToken {
  switch (kind) {
    case 'identifier':
      return { key, identifier: flipped(identifier, bit) };
    case 'bucket':
      return { key: { ...key, bucket: key.bucket ^ (1 << (bit % 31)) }, identifier };
    case 'authorization': {
      const hex = flipped(Buffer.from(key.authorizationId.replaceAll('-', ''), 'hex'), bit).toString('hex');
      return { key: { ...key, authorizationId: hex.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') }, identifier };
    }
    case 'number':
      return { key: { ...key, number: key.number ^ (1n << BigInt(bit % 63)) }, identifier };
    case 'other link':
      return { key: { ...key, number: other.number }, identifier };
    case 'other chain':
      return { key: other, identifier };
    case 'type':
      return { key: { ...key, type: bit % 2 === 0 ? EntryType.accessToken : EntryType.authorizationCode }, identifier };
    default:
      return { key, identifier: newIdentifier() };
  }
}

/** One character of one part of a JWE replaced by its neighbour in the alphabet, which at the end of a part may change spare bits only. */
function alterEnvelope(token: string, kind: Forgery, bit: number): string {
  const parts = token.split('.');
  const index = kind === 'identifier' ? 4 : kind === 'random' ? 3 : kind === 'number' ? 2 : 0;
  const part = parts[index] ?? '';
  const position = kind === 'type' || kind === 'bucket' || bit % 2 === 0 ? part.length - 1 : bit % part.length;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const character = alphabet[alphabet.indexOf(part[position] ?? 'A') ^ 1] ?? 'A';
  parts[index] = part.slice(0, position) + character + part.slice(position + 1);
  return parts.join('.');
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = (bit >> 3) % copy.length;
  copy.writeUInt8(copy.readUInt8(index) ^ (1 << (bit & 7)), index);
  return copy;
}
