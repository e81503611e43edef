import { writeFile } from 'node:fs/promises';
import { optionsDocument } from './options-document.js';

// `npm run docs:options`
await writeFile(new URL('../../../docs/options.md', import.meta.url), optionsDocument());
