import { hash } from 'node:crypto';
import { seal, unseal } from './sealing.js';
import { PLACE_BYTES, tokenBytes, type ReferenceToken } from './token-string.js';

/** The first byte; what is sealed follows. */
const VERSION = Buffer.of(2);
/** What the key is derived for, and from: `counter ‖ secret ‖ FixedInfo` of NIST SP 800-56C §4, whose counter is 1 for a key of one hash's length. */
const COUNTER = Buffer.of(0, 0, 0, 1);
const PURPOSE = Buffer.from('payload');

/**
 * Seals what belongs to a reference token with a key that only the token itself yields: SHA-256( 1 ‖ identifier ‖ "payload" ‖ type ‖ entry key ),
 * AES-256-GCM, type and entry key as additional data. Whoever holds the database reads nothing; a payload moved to another row does not open.
 */
export function sealPayload(token: ReferenceToken, payload: object): Buffer {
  const place = placeOf(token);
  return seal(payloadKey(token, place), Buffer.from(JSON.stringify(payload)), place, VERSION);
}

/** Opens a payload; `undefined` when it was altered, moved, truncated, of another version, or the token is not its own. */
export function openPayload(token: ReferenceToken, sealed: Buffer): object | undefined {
  if (sealed[0] !== VERSION[0]) return undefined;
  const place = placeOf(token);
  const content = unseal(payloadKey(token, place), sealed.subarray(VERSION.length), place);
  return content && (JSON.parse(content.toString('utf8')) as object);
}

/** type ‖ entry key */
const placeOf = (token: ReferenceToken): Buffer => tokenBytes(token).subarray(0, PLACE_BYTES);

const payloadKey = ({ identifier }: ReferenceToken, place: Buffer): Buffer =>
  hash('sha256', Buffer.concat([COUNTER, identifier, PURPOSE, place]), 'buffer');
