import { randomBytes } from 'node:crypto';

/** A cookie of the browser, as it goes on the wire. */
export interface CookiePiece {
  readonly name: string;
  readonly value: string;
}

/** Browsers take 4,096 bytes of name and value (RFC 6265bis §5.6), some of the attributes as well: more, and the cookie is dropped without a word. */
const LARGEST_LINE = 4_096;
/** More would not leave room for other headers: Node takes 16 KiB of them in all. */
export const MOST_PIECES = 3;
const TAG = /^[\w-]{4}$/;
/** count.tag.chunk in the first piece, tag.chunk in the others. */
const OVERHEAD = 8;

/**
 * Cuts a value into cookies. A tag says which pieces were made together, and the first how many there are: pieces of two values, or too few of one, are
 * never taken for a value (session.md R5).
 *
 * @param attributes characters of what follows the value in the header's line. Undefined: it does not fit into the pieces a browser may send.
 */
export function cutIntoPieces(name: string, value: string, attributes: number): readonly CookiePiece[] | undefined {
  const room = LARGEST_LINE - attributes - pieceName(name, MOST_PIECES).length - '='.length - OVERHEAD;
  const count = Math.max(1, Math.ceil(value.length / room));
  if (count > MOST_PIECES) return undefined;
  const tag = randomBytes(3).toString('base64url');
  return Array.from({ length: count }, (_, index) => {
    const chunk = value.slice(index * room, (index + 1) * room);
    return { name: pieceName(name, index), value: index === 0 ? `${count}.${tag}.${chunk}` : `${tag}.${chunk}` };
  });
}

/** The value again. Undefined: a piece is missing, or they were not made together. */
export function joinPieces(name: string, cookies: Readonly<Record<string, string | undefined>>): string | undefined {
  const [count = '', tag = '', first, ...more] = (cookies[name] ?? '').split('.');
  if (!/^[1-9]$/.test(count) || Number(count) > MOST_PIECES || !TAG.test(tag) || first === undefined || more.length > 0) return undefined;
  const others = Array.from({ length: Number(count) - 1 }, (_, index) => cookies[pieceName(name, index + 1)]?.split('.'));
  if (!others.every((piece) => piece?.length === 2 && piece[0] === tag)) return undefined;
  return [first, ...others.map((piece) => piece?.[1] ?? '')].join('');
}

/** The pieces that a request has, of whatever value: what is not overwritten must be taken away. */
export const piecesPresent = (name: string, cookies: Readonly<Record<string, string | undefined>>): readonly string[] =>
  Array.from({ length: MOST_PIECES }, (_, index) => pieceName(name, index)).filter((piece) => cookies[piece] !== undefined);

const pieceName = (name: string, index: number): string => (index === 0 ? name : `${name}-${index}`);
