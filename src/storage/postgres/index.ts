export { createDataSource, type PostgresOptions } from './data-source.js';
export { DatabaseClock } from './database-clock.js';
export { PostgresStorageModule, type PostgresStorageAsyncOptions } from './postgres-storage.module.js';
