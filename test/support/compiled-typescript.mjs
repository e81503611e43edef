import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { version } = require('@swc/core/package.json');

// The tests start dozens of processes: what one of them has compiled the others read.
const cache = fileURLToPath(new URL('../../node_modules/.cache/countersign-typescript/', import.meta.url));
mkdirSync(cache, { recursive: true });
const settings = readFileSync(new URL('../../.swcrc', import.meta.url), 'utf8');

/** As JavaScript, with its source map inline. */
export function compiled(filename) {
  const source = readFileSync(filename, 'utf8');
  const kept = `${placeOf(filename, source)}.js`;
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  // Most processes find everything compiled, and do without the compiler.
  const { code } = require('@swc/core').transformSync(source, { filename });
  write(kept, code);
  return code;
}

/** The path of a file with the source map by itself. */
export function sourceMapOf(filename) {
  const kept = `${placeOf(filename, readFileSync(filename, 'utf8'))}.map`;
  const [, map] = /sourceMappingURL=data:application\/json;base64,(\S+)/.exec(compiled(filename)) ?? [];
  if (!existsSync(kept)) write(kept, Buffer.from(map ?? '', 'base64').toString());
  return kept;
}

const placeOf = (filename, source) => cache + createHash('sha256').update([version, settings, filename, source].join('\0')).digest('hex');

function write(path, text) {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, path);
}
