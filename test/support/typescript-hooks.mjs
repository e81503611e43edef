import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compiled } from './compiled-typescript.mjs';

// Loader hooks, for the code that runs outside the test runner's own module loader (its global set-up, child
// processes): Node 20 cannot load TypeScript, and tests must not depend on a build.

const repository = new URL('../..', import.meta.url);
const tests = new URL('test/', repository).href;
const jest = new URL('native/globals.mjs', import.meta.url).href;

/** `?run=` of a test file that was loaded by test/support/native/test-runner.mjs. What it takes from the tests' folder is its own, too. */
const runOf = (url) => /\?run=\d+$/.exec(url)?.[0] ?? '';
const isTypeScript = (url) => url.startsWith('file:') && new URL(url).pathname.endsWith('.ts');

export async function resolve(specifier, context, next) {
  const { parentURL = '' } = context;
  if (specifier.startsWith('.') && specifier.endsWith('.js') && isTypeScript(parentURL)) {
    const { href } = new URL(specifier.replace(/\.js$/, '.ts'), parentURL);
    if (existsSync(fileURLToPath(href))) {
      return { url: href.startsWith(tests) ? href + runOf(parentURL) : href, format: 'module', shortCircuit: true };
    }
  }
  if (specifier === '@jest/globals') return { url: jest, shortCircuit: true };
  const [, entry] = /^countersign\/(.+)$/.exec(specifier) ?? [];
  // Examples know the package by its name.
  if (entry && isTypeScript(parentURL))
    return { url: new URL(`src/${entry}/index.ts`, repository).href, format: 'module', shortCircuit: true };
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!isTypeScript(url)) return next(url, context);
  return { format: 'module', source: compiled(fileURLToPath(url)), shortCircuit: true };
}
