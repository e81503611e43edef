import { randomFillSync } from 'node:crypto';

/** Drawn at a time: a call to the generator costs as much as 500 bytes of it do. */
const POOL_BYTES = 4_096;

const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Bytes of the system's cryptographic generator, 256 at most. Each is given out once, and nothing of it is kept. */
export function randomBytes(count: number): Buffer {
  if (used + count > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + count));
  pool.fill(0, used, used + count);
  used += count;
  return bytes;
}
