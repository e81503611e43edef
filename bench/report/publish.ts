import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { chart } from './chart.js';
import { withLastRun } from './document.js';
import { isOfEverything, NOT_OF_EVERYTHING } from '../options.js';
import type { RunResult } from './result.js';

const RESULTS = new URL('../results/', import.meta.url);
const DOCUMENT = new URL('../../docs/performance.md', import.meta.url);
const PICTURE = new URL('../../docs/performance.svg', import.meta.url);

/** bench/results: as JSON, and as a picture. */
export async function keep(run: RunResult): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(new URL('last.json', RESULTS), JSON.stringify(run, null, 2));
  await writeFile(new URL('last.svg', RESULTS), chart(run));
}

/** What was kept last. */
export async function lastRun(): Promise<RunResult> {
  return JSON.parse(await readFile(new URL('last.json', RESULTS), 'utf8')) as RunResult;
}

/** docs/performance.md and the picture beside it. @throws Error unless it is a run of everything */
export async function publish(run: RunResult): Promise<void> {
  if (!isOfEverything(run.options)) throw new Error(NOT_OF_EVERYTHING);
  await writeFile(DOCUMENT, withLastRun(await readFile(DOCUMENT, 'utf8'), run));
  await writeFile(PICTURE, chart(run));
}
