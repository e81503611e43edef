// Runs on the loader's own thread. See record-modules.mjs.
import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

let file;

export function initialize(given) {
  file = given;
}

export async function resolve(specifier, context, next) {
  const resolved = await next(specifier, context);
  appendFileSync(file, `${resolved.url.startsWith('file:') ? fileURLToPath(resolved.url) : resolved.url}\n`);
  return resolved;
}
