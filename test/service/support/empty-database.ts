import { randomBytes } from 'node:crypto';
import { databaseUrl, onServer } from '../../support/on-server.js';

/** A database without any table, on the server that all tests share. */
export async function createEmptyDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = process.env['TEST_POSTGRES_URL'];
  if (!server) throw new Error('TEST_POSTGRES_URL is not set: the global set-up did not run');
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  await onServer(server, (client) => client.query(`create database ${name}`));
  return {
    url: databaseUrl(server, name),
    drop: async () => void (await onServer(server, (client) => client.query(`drop database if exists ${name} with (force)`))),
  };
}
