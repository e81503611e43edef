import { isCanonicalBase64url } from '../../protocol/base64url.js';
import type { LogCursor } from '../../storage/revocation-log.store.js';

/** Characters. Whoever sends it has 16 KB for the whole head of the request. */
export const LONGEST_CURSOR = 8_192;

/** A life of the database and a `pg_snapshot`: `xmin:xmax:xip,xip`. */
const EPOCH_AND_SNAPSHOT = /^([\w.-]{1,200});(\d{1,19}:\d{1,19}:(?:\d{1,19}(?:,\d{1,19})*)?)$/;

/** As followers keep it and send it back, to any instance on the same database. May be longer than what is accepted. */
export const formatCursor = ({ epoch, snapshot }: LogCursor): string => Buffer.from(`${epoch};${snapshot}`).toString('base64url');

/** Undefined: it is none of ours. */
export function parseCursor(text: string): LogCursor | undefined {
  if (text.length > LONGEST_CURSOR || !isCanonicalBase64url(text)) return undefined;
  const [, epoch, snapshot] = EPOCH_AND_SNAPSHOT.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  return epoch === undefined || snapshot === undefined ? undefined : { epoch, snapshot };
}
