/** Folders and files, from this one on, that `npm run test:long` runs and `npm test` does not: what takes long. */
export const LONGER = [
  ...['packaging', 'demo', 'embedded-database', 'service/embedded-service', 'service/told-to-stop'],
  ...['service/workers', 'service/workers-ending'],
  ...['contract/lost-connections', 'revocation-feed/joining', 'revocation-feed/service', 'validation/feed-http-network'],
  ...['races', 'crash', 'model', 'fuzz'],
].map((path) => `<rootDir>/test/${path}`);
