import { chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstOwnFolder } from '../../src/service/embedded-database/own-folder.js';

describe('a folder of our own in a folder that anyone may write to', () => {
  let parent: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'own-folder-'));
  });

  afterEach(() => rm(parent, { recursive: true }));

  it('is made once and found again', async () => {
    expect(await firstOwnFolder([parent], 'name')).toBe(join(parent, 'name'));
    expect(await firstOwnFolder([parent], 'name')).toBe(join(parent, 'name'));
  });

  it('is not a link that somebody planted', async () => {
    await symlink(tmpdir(), join(parent, 'name'));

    expect(await firstOwnFolder([parent], 'name')).toBe(join(parent, 'name-1'));
  });

  it('is not a folder that others may write to', async () => {
    await mkdir(join(parent, 'name'));
    await chmod(join(parent, 'name'), 0o777);

    expect(await firstOwnFolder([parent], 'name')).toBe(join(parent, 'name-1'));
  });

  it('is made in the next place when the first is missing', async () => {
    expect(await firstOwnFolder([join(parent, 'missing'), parent], 'name')).toBe(join(parent, 'name'));
  });

  it('is refused when there is no place for it', async () => {
    await expect(firstOwnFolder([join(parent, 'missing')], 'name')).rejects.toThrow('No folder for name');
  });
});
