import base from '../jest.config.js';
import { LONGER } from './longer.js';

/** @type {import('jest').Config} */
export default {
  ...base,
  rootDir: '..',
  maxWorkers: 2, // races of several processes each: beside too many others they stand still for longer than their leases
  testMatch: LONGER.map((path) => `${path}{/**/*,}.e2e-spec.ts`),
};
