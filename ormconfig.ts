import { createDataSource } from './src/storage/postgres/data-source.js';

/** For the TypeORM command line: `npx typeorm migration:show -d dist/ormconfig.js`, with DATABASE_URL set. */
export default createDataSource({ url: process.env['DATABASE_URL'] ?? 'postgres://localhost/countersign' });
