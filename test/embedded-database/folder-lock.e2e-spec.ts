import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderOwner, lockFolder } from '../../src/service/embedded-database/folder-lock.js';

describe('the lock of a folder', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'folder-lock-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('has one holder, however many find a stale one at the same moment', async () => {
    for (let round = 0; round < 50; round++) {
      await writeFile(join(folder, 'service.pid'), '1\nanother start time\n');
      const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder)));
      const held = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));

      expect(held).toHaveLength(1);
      expect(await folderOwner(folder)).toBe(process.pid);
      await Promise.all(held.map((lock) => lock.release()));
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('survives a process that died while it removed a stale one', async () => {
    const stale = '1\nanother start time\n';
    const guard = createHash('sha256').update(stale).digest('hex').slice(0, 16);
    await writeFile(join(folder, 'service.pid'), stale);
    await writeFile(join(folder, `service.pid.${guard}`), '1\nyet another\n');

    await (await lockFolder(folder)).release();

    expect(await readdir(folder)).toEqual([]);
  });

  it('has no holder when its file is empty or not ours to understand', async () => {
    for (const contents of ['', '\n', 'nonsense', `${process.pid}`, '99999999\nsome time\n']) {
      await writeFile(join(folder, 'service.pid'), contents);
      expect(await folderOwner(folder)).toBeUndefined();
    }
  });
});
