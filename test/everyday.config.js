import base from '../jest.config.js';
import { LONGER } from './longer.js';

/** @type {import('jest').Config} */
export default { ...base, rootDir: '..', testPathIgnorePatterns: [...base.testPathIgnorePatterns, ...LONGER] };
