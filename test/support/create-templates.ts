import { startOnce } from './first-start.js';
import { migrate } from './migrate.js';
import { databaseUrl, onServer } from './on-server.js';
import { EMPTY, STARTED } from './template.js';

/** Makes the databases that the tests copy, anew. */
export async function createTemplates(adminUrl: string): Promise<void> {
  const create = (name: string, template: string) =>
    onServer(adminUrl, async (client) => {
      await client.query(`drop database if exists ${name} with (force)`);
      await client.query(`create database ${name} template ${template}`);
    });
  await create(EMPTY, 'template1');
  await migrate(databaseUrl(adminUrl, EMPTY));
  await create(STARTED, EMPTY);
  await startOnce(databaseUrl(adminUrl, STARTED));
}
