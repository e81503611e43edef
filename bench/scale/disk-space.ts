import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** With indexes, grants and people: 306 measured at a million. What passes is the plan of the chains, and the sort that puts the entries in order. */
const BYTES_PER_ENTRY = 310;
const PASSING_BYTES_PER_ENTRY = 150;
const WRITE_AHEAD_LOG = 5e9;

/** Bytes on the disk while a database of so many entries is filled and measured. */
export const bytesNeeded = (entries: number): number => entries * (BYTES_PER_ENTRY + PASSING_BYTES_PER_ENTRY) + WRITE_AHEAD_LOG;

/** The sizes there is room for where the clusters go. Says which ones are left out and why. */
export async function sizesThatFit(sizes: readonly number[], say: (line: string) => void): Promise<number[]> {
  const { bavail, bsize } = await statfs(tmpdir());
  const free = bavail * bsize;
  say(`${gigabytes(free)} free below ${tmpdir()}.`);
  return sizes.filter((size) => {
    const fits = bytesNeeded(size) < free;
    if (!fits) say(`${size} entries are left out: they need ${gigabytes(bytesNeeded(size))}.`);
    return fits;
  });
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
