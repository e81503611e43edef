import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BuiltCopy } from './support/built-copy.js';

let copy: BuiltCopy;
beforeAll(async () => {
  copy = await BuiltCopy.make();
}, 120_000);
afterAll(() => copy.remove());

/** Command lines of the processes that work in the copy. */
async function processes(): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes(copy.folder));
}

const leftovers = async (): Promise<string[]> => (await readdir(copy.folder)).filter((name) => name.startsWith('countersign-demo-'));

describe('npm run demo', () => {
  it('plays the whole story, and leaves nothing behind', async () => {
    const { status, output } = await copy.script('dist/examples/demo/demo.js');
    expect([status, output]).toEqual([0, expect.stringContaining('That was the whole story; every step was checked.')]);
    expect(output.match(/^ {5}\d{3} .+$/gm)?.map((line) => Number(line.slice(5, 8)))).toEqual([
      ...[201, 200], // register, sign in
      ...[401, 201, 200], // call: nobody, add, list
      ...[401, 200, 200], // expired, refreshed, called again
      ...[200, 401, 401], // the spent token within the leeway, after it, its successor
      ...[200, 200, 200, 204], // sign in, both APIs, log out
      ...[401, 200, 401, 401], // where entries are checked; where signatures are, until the end; no refresh
    ]);
    expect(output).toMatch(/the same successor, cs_rt_…\S{6}:/);
    expect(output).toContain('WWW-Authenticate: Bearer realm="todos"\n');
    // Nothing that could be used: shortened tokens only, no password.
    expect(output).not.toMatch(/cs_[a-z]{2}_[\w-]{20}|eyJ[\w-]{20}/);
    expect(output).not.toMatch(/password":"[^…]/);
    expect([await processes(), await leftovers()]).toEqual([[], []]);
  }, 120_000);

  it('fails when a step differs, and leaves nothing behind either', async () => {
    const story = join(copy.folder, 'dist/examples/demo/story.js');
    const text = await readFile(story, 'utf8');
    const [before, after] = text.split("auth('register', person, 201)");
    await writeFile(story, `${before}auth('register', person, 200)${after}`);
    const { status, output } = await copy.script('dist/examples/demo/demo.js');
    await writeFile(story, text);
    expect([status, output]).toEqual([1, expect.stringContaining('The demo did not go as it should: POST')]);
    expect([await processes(), await leftovers()]).toEqual([[], []]);
  }, 120_000);

  it('fails with the reason when the service cannot start', async () => {
    const main = join(copy.folder, 'dist/src/main.js');
    const text = await readFile(main, 'utf8');
    await writeFile(main, 'throw new Error("no service today");');
    const { status, output } = await copy.script('dist/examples/demo/demo.js');
    await writeFile(main, text);
    expect([status, output]).toEqual([1, expect.stringMatching(/The service ended at its start:[^]*no service today/)]);
    expect([await processes(), await leftovers()]).toEqual([[], []]);
  }, 120_000);

  it.each(['Starting the service', '3. Call the guarded'])(
    'can be stopped while it says "%s", and leaves nothing behind',
    async (moment) => {
      const { status, output } = await copy.script('dist/examples/demo/demo.js', moment);
      expect([status, output]).toEqual([130, expect.not.stringContaining('did not go as it should')]);
      expect([await processes(), await leftovers()]).toEqual([[], []]);
    },
    120_000,
  );
});
