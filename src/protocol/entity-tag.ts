import { sha256 } from './hashing.js';

/** A strong entity tag of this content. RFC 9110 §8.8.3 */
export const entityTag = (content: string | Buffer): string => `"${sha256(content).toString('base64url')}"`;

/** Whether the caller has it already, by its `If-None-Match`. RFC 9110 §13.1.2 */
export function isKnown(tag: string, ifNoneMatch: string | undefined): boolean {
  const known = (ifNoneMatch ?? '').split(',').map((candidate) => candidate.trim().replace(/^W\//, ''));
  return known.includes(tag) || known.includes('*');
}
