import config from '../../jest.config.js';

/** Of `npm run test:browser`: what needs a browser beside Node. One file after the other, for each has a browser of its own. */
export default {
  ...config,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/browser/**/*.browser-spec.ts'],
  testTimeout: 60_000,
  maxWorkers: 2,
};
