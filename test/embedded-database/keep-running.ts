import { startEmbeddedDatabase } from '../../src/service/embedded-database.js';

// A service as far as the database can tell: starts it, says where it is, and stays until killed.
const [directory = ''] = process.argv.slice(2);
const { url } = await startEmbeddedDatabase({ directory });
process.stdout.write(`${url}\n`);
setInterval(() => undefined, 60_000);
