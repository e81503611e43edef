import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, freePorts } from './child.js';
import { play } from './story.js';
import { Terminal } from './terminal.js';

// `npm run demo`: the service and two Todo APIs, each a process of its own on a free port, with data that are gone afterwards.

/** Seconds. */
const SHORT = { accessTokenLifetime: 5, leeway: 5 };
const SERVICE = new URL('../../src/main.js', import.meta.url);
const TODO_API = new URL('../todo-api/main.js', import.meta.url);

const children: Child[] = [];
const folder = await mkdtemp(join(tmpdir(), 'countersign-demo-'));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(130));

try {
  const [servicePort = 0, signaturePort = 0, askingPort = 0] = await freePorts(3);
  const service = `http://localhost:${servicePort}`;
  const dataDirectory = join(folder, 'data');
  console.log('Starting the service on an embedded PostgreSQL, and two Todo APIs …');
  children.push(
    await Child.start('The service', {
      script: SERVICE,
      environment: {
        PORT: String(servicePort),
        DATA_DIRECTORY: dataDirectory,
        ACCESS_TOKEN_LIFETIME: String(SHORT.accessTokenLifetime),
        LEEWAY: String(SHORT.leeway),
        LOG_LEVEL: 'warn',
      },
      health: `${service}/health/ready`,
    }),
  );
  const { apiSecret } = JSON.parse(await readFile(join(dataDirectory, 'demo-credentials.json'), 'utf8')) as { apiSecret: string };
  children.push(
    await todoApi(service, signaturePort, { CHECK: 'signature' }),
    // Each token is asked about each time; by default a good answer is believed for 5 s.
    await todoApi(service, askingPort, {
      CHECK: 'introspection',
      CLIENT_ID: 'todo-api',
      CLIENT_SECRET: apiSecret,
      INTROSPECTION_CACHE: '0',
    }),
  );
  const apis = { signatureApi: `http://localhost:${signaturePort}`, askingApi: `http://localhost:${askingPort}` };
  await play({ service, ...apis, ...SHORT }, new Terminal());
  console.log('\nThat was the whole story; every step was checked.');
  await end(0);
} catch (error) {
  console.error(`\nThe demo did not go as it should: ${error instanceof Error ? error.message : String(error)}`);
  await end(1);
}

function todoApi(issuer: string, port: number, environment: Readonly<Record<string, string>>): Promise<Child> {
  return Child.start(`The Todo API (${environment['CHECK']})`, {
    script: TODO_API,
    environment: { ISSUER: issuer, PORT: String(port), ...environment },
    health: `http://localhost:${port}/health`,
  });
}

async function end(status: number): Promise<never> {
  for (const child of children.splice(0).reverse()) await child.stop();
  await rm(folder, { recursive: true, force: true });
  process.exit(status);
}
