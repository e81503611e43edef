import type { Answer } from './connections.js';
import { FollowFailure } from './follow-failure.js';

/**
 * The whole of a body.
 * @param largest bytes at most
 * @throws FollowFailure
 */
export async function readText({ body }: Answer, largest: number): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > largest) throw new FollowFailure('the answer is too long');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}
