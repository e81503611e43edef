// Preloaded by `node --import`: writes the path of every module the process loads, one a line, into $RECORD_MODULES.
import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';

const file = process.env.RECORD_MODULES;

// What is imported goes through the resolve hook; what CommonJS requires of CommonJS does not, but stays in its cache.
register('./record-hooks.mjs', import.meta.url, { data: file });
const { cache } = createRequire(import.meta.url);
process.on('exit', () =>
  appendFileSync(
    file,
    Object.keys(cache)
      .map((path) => `${path}\n`)
      .join(''),
  ),
);
