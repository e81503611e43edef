import { randomBytes } from './random-bytes.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID version 7 (RFC 9562 §5.7): the millisecond first, so that new rows land side by side in an index. */
export function uuidv7(now: Date): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return formatUuid(bytes);
}

/** The 16 bytes of a UUID in the canonical form. */
export const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

let lastUuid = '';
let lastBytes: Buffer = Buffer.alloc(0);

/** Writes them at an offset. A request writes the same ones several times in a row. */
export function writeUuid(uuid: string, bytes: Buffer, offset: number): void {
  if (uuid !== lastUuid) {
    lastBytes = uuidBytes(uuid);
    lastUuid = uuid;
  }
  bytes.set(lastBytes, offset);
}

/** A UUID in the canonical form from its 16 bytes. */
export function formatUuid(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** Whether it is a UUID in the canonical lower-case form. */
export const isUuid = (value: string): boolean => UUID.test(value);
