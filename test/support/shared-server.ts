import { rm } from 'node:fs/promises';
import { startEmbeddedDatabase } from '../../src/service/embedded-database.js';
import { chosenBinaries, clusterFolder, removeAbandonedClusters } from './cluster-folder.js';
import { createTemplates } from './create-templates.js';

// Losing this cluster costs nothing, and waiting for the disk would be most of a test's time; starting helpers for a query that reads many small tables, too.
const careless = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  max_parallel_workers_per_gather: '0',
};

/** One server for all test files, with the template their databases are copied from. Returns how to stop it. */
export async function startSharedServer(): Promise<() => Promise<void>> {
  await removeAbandonedClusters();
  const external = process.env['DATABASE_URL'];
  if (external) {
    await createTemplates(external);
    process.env['TEST_POSTGRES_URL'] = external;
    return () => Promise.resolve();
  }
  const directory = await clusterFolder('shared');
  const binaries = await chosenBinaries();
  const server = await startEmbeddedDatabase({ directory, settings: careless, binaries });
  const stop = async () => {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await createTemplates(server.url);
  } catch (error) {
    await stop();
    throw error;
  }
  process.env['TEST_POSTGRES_URL'] = server.url;
  return stop;
}
