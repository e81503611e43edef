import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from './child.js';
import { Processes } from './processes.js';
import { play } from './story.js';
import { Terminal } from './terminal.js';

// `npm run demo`: the service and two Todo APIs, each a process of its own on a free port, with data that are gone afterwards.

/** Seconds. */
const SHORT = { accessTokenLifetime: 5, leeway: 5 };
const SERVICE = new URL('../../src/main.js', import.meta.url);
const TODO_API = new URL('../todo-api/main.js', import.meta.url);

const processes = await Processes.begin();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void processes.end(130));

try {
  await demo();
  console.log('\nThat was the whole story; every step was checked.');
  await processes.end(0);
} catch (error) {
  if (!processes.ending) console.error(`\nThe demo did not go as it should: ${error instanceof Error ? error.message : String(error)}`);
  await processes.end(1);
}

async function demo(): Promise<void> {
  const [servicePort = 0, signaturePort = 0, askingPort = 0] = await freePorts(3);
  const service = `http://localhost:${servicePort}`;
  const dataDirectory = join(processes.folder, 'data');
  console.log('Starting the service on an embedded PostgreSQL, and two Todo APIs …');
  await processes.start('The service', {
    script: SERVICE,
    environment: {
      PORT: String(servicePort),
      DATA_DIRECTORY: dataDirectory,
      ACCESS_TOKEN_LIFETIME: String(SHORT.accessTokenLifetime),
      LEEWAY: String(SHORT.leeway),
      LOG_LEVEL: 'warn',
    },
    health: `${service}/health/ready`,
  });
  const { apiSecret } = JSON.parse(await readFile(join(dataDirectory, 'demo-credentials.json'), 'utf8')) as { apiSecret: string };
  await todoApi(service, signaturePort, { CHECK: 'signature' });
  // Each token is asked about each time; by default a good answer is believed for 5 s.
  const client = { CLIENT_ID: 'todo-api', CLIENT_SECRET: apiSecret };
  await todoApi(service, askingPort, { CHECK: 'introspection', INTROSPECTION_CACHE: '0', ...client });
  const apis = { signatureApi: `http://localhost:${signaturePort}`, askingApi: `http://localhost:${askingPort}` };
  await play({ service, ...apis, ...SHORT }, new Terminal());
}

async function todoApi(issuer: string, port: number, environment: Readonly<Record<string, string>>): Promise<void> {
  await processes.start(`The Todo API (${environment['CHECK']})`, {
    script: TODO_API,
    environment: { ISSUER: issuer, PORT: String(port), ...environment },
    health: `http://localhost:${port}/health`,
  });
}
