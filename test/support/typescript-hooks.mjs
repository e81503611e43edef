import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync, version } from '@swc/core';

// Loader hooks, for the code that runs outside the test runner's own module loader (its global set-up, child
// processes): Node 20 cannot load TypeScript, and tests must not depend on a build.

export async function resolve(specifier, context, next) {
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  return { format: 'module', source: compiled(fileURLToPath(url)), shortCircuit: true };
}

// The tests start dozens of processes: what one of them has compiled the others read.
const cache = fileURLToPath(new URL('../../node_modules/.cache/countersign-typescript/', import.meta.url));
mkdirSync(cache, { recursive: true });
const settings = readFileSync(new URL('../../.swcrc', import.meta.url), 'utf8');

function compiled(filename) {
  const source = readFileSync(filename, 'utf8');
  const kept = `${cache}${createHash('sha256').update([version, settings, filename, source].join('\0')).digest('hex')}.js`;
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  const { code } = transformSync(source, { filename });
  const unfinished = `${kept}.${process.pid}`;
  writeFileSync(unfinished, code);
  renameSync(unfinished, kept);
  return code;
}
