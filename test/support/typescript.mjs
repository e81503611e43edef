import { register } from 'node:module';

// `node --import test/support/typescript.mjs some.ts` runs TypeScript as the tests see it.
register('./typescript-hooks.mjs', import.meta.url);
