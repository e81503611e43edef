import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDataSource } from 'countersign/storage/postgres';
import { type Child, freePorts, isFree } from './child.js';
import { Processes } from './processes.js';

// `npm run demo:web`: the service, the Todo API and the web app, each a process of its own, until Ctrl-C. Data are gone afterwards.
// PORT says where the web app is (default: a free port), STORE where its sessions live (cookie or postgres).

const SERVICE = new URL('../../src/main.js', import.meta.url);
const COMMAND_LINE = new URL('../../src/cli.js', import.meta.url);
const TODO_API = new URL('../todo-api/main.js', import.meta.url);
const WEB_APP = new URL('../web-app/main.js', import.meta.url);
/** What the service's demo data call the Todo API, wherever it listens. */
const TODO_RESOURCE = 'http://localhost:4000';
/** Seconds: short, so that one sees refreshes. */
const ACCESS_TOKEN_LIFETIME = '60';
const WEB_DATABASE = 'web_app';

const processes = await Processes.begin();
const dataDirectory = join(processes.folder, 'data');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void processes.end(0));

try {
  const running = await start();
  const last = await Promise.race(running.map((child) => child.gone()));
  throw new Error(`One of the processes has ended by itself. ${last}`);
} catch (error) {
  if (!processes.ending) console.error(`\nThe demo cannot go on: ${error instanceof Error ? error.message : String(error)}`);
  await processes.end(1);
}

async function start(): Promise<readonly Child[]> {
  const [servicePort = 0, apiPort = 0, free = 0] = await freePorts(3);
  const webPort = await webAppPort(free);
  const [service, api, web] = [servicePort, apiPort, webPort].map((port) => `http://localhost:${port}`) as [string, string, string];
  console.log('Starting the service on an embedded PostgreSQL, the Todo API and the web app …');
  const serviceEnvironment = { PORT: String(servicePort), DATA_DIRECTORY: dataDirectory, ACCESS_TOKEN_LIFETIME, LOG_LEVEL: 'warn' };
  const children = [
    await processes.start('The service', { script: SERVICE, environment: serviceEnvironment, health: `${service}/health/ready` }),
    await processes.start('The Todo API', {
      script: TODO_API,
      environment: { ISSUER: service, AUDIENCE: TODO_RESOURCE, PORT: String(apiPort) },
      health: `${api}/health`,
    }),
    await processes.start('The web app', {
      script: WEB_APP,
      environment: {
        PORT: String(webPort),
        ISSUER: service,
        CLIENT_ID: 'web-app',
        CLIENT_SECRET: await registerWebApp(web, serviceEnvironment),
        SESSION_KEYS: randomBytes(32).toString('base64'),
        DATABASE_URL: await createWebDatabase(),
        TODO_API: api,
        ...(process.env['STORE'] && { STORE: process.env['STORE'] }),
      },
      health: web,
      output: (line) => line.includes('[Sessions]') && console.log(line),
    }),
  ];
  await tell({ service, api, web });
  return children;
}

async function tell({ service, api, web }: Readonly<Record<'service' | 'api' | 'web', string>>): Promise<void> {
  const { password } = JSON.parse(await readFile(join(dataDirectory, 'demo-credentials.json'), 'utf8')) as { password: string };
  console.log(`
  the web app   ${web}    open this one, and sign in as
                demo@example.test, ${password}
  the service   ${service}
  the Todo API  ${api}

Access tokens live for ${ACCESS_TOKEN_LIFETIME} s: reload the page after a while, and see one refreshed below. Sign out at ${service}/account,
from another browser even, and the web app is told. Ctrl-C stops everything.
`);
}

/** @throws Error that says what to change */
async function webAppPort(free: number): Promise<number> {
  const wanted = process.env['PORT'];
  if (!wanted) return free;
  if (!/^\d{1,5}$/.test(wanted)) throw new Error('PORT must be a number.');
  if (!(await isFree(Number(wanted)))) throw new Error(`Port ${wanted} is taken by another program: set PORT to another one, or to none.`);
  return Number(wanted);
}

/** As an operator would do it. Returns the secret, which is told once. */
async function registerWebApp(web: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const several = (option: string, values: readonly string[]): string[] => values.flatMap((value) => [option, value]);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      fileURLToPath(COMMAND_LINE),
      ...['--json', 'client', 'create', '--id', 'web-app', '--type', 'confidential', '--name', 'Todo web app'],
      ...several('--endpoint', ['authorization', 'token', 'revocation', 'end_session']),
      ...several('--grant', ['authorization_code', 'refresh_token']),
      ...several('--scope', ['openid', 'profile', 'email', 'offline_access', 'todos:read', 'todos:write']),
      ...['--resource', TODO_RESOURCE],
      ...['--redirect-uri', `${web}/session/callback`],
      ...['--post-logout-redirect-uri', `${web}/`],
      ...['--backchannel-logout-uri', `${web}/session/backchannel-logout`],
    ],
    { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment } },
  );
  return (JSON.parse(stdout) as { secret: string }).secret;
}

/** The app's own, on the server that the service has started. Returns its URL. */
async function createWebDatabase(): Promise<string> {
  const read = async (file: string): Promise<string> => (await readFile(join(dataDirectory, file), 'utf8')).trim();
  const server = `postgres://countersign:${await read('database-password')}@127.0.0.1:${await read('database-port')}`;
  const dataSource = await createDataSource({ url: `${server}/countersign` }).initialize();
  await dataSource.query(`create database ${WEB_DATABASE}`);
  await dataSource.destroy();
  return `${server}/${WEB_DATABASE}`;
}
