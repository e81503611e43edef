import { resolve } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Followers } from '../issuance/revocations/followers.js';
import { AppModule, type Foundations } from './app.module.js';
import { isDemo, switchedOff, switchedOffWithPages } from './environment/module-options.js';
import type { Environment } from './environment/variables.js';
import { banner } from './first-run/banner.js';
import { demoCredentials } from './first-run/demo-credentials.js';
import { seedDemo } from './first-run/demo-data.js';
import { layFoundations } from './foundations.js';
import { listen, type HttpServers } from './http-servers.js';
import type { Log } from './logging/log.js';
import { NestLogger } from './logging/nest-logger.js';
import { logRequests, refuseUnreadable, requestIdOf } from './logging/request-log.js';
import { prepareDatabase } from './prepare-database.js';
import { unlessTold } from './told-to-stop.js';

export interface RunningService {
  /** Lets the requests under way finish, then lets go of everything. */
  stop(): Promise<void>;
}

const LOOPBACK = ['127.0.0.1', '::1'];
/** Bytes of a body; endpoints that need less say so themselves. */
const BODY_LIMIT = 131_072;

/**
 * Database, tables, keys, application, port: in this order, and back in the other. Given up when `told`, for its reason.
 * @throws Error that says what to change
 */
export async function startService(
  environment: Environment,
  log: Log,
  print: (text: string) => void,
  told: AbortSignal,
): Promise<RunningService> {
  const release: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of release.splice(0).reverse()) await step().catch((error: unknown) => new NestLogger(log).error(error, 'Shutdown'));
  };
  try {
    told.throwIfAborted();
    // Not to be given up: nobody would stop the server that is being started.
    const foundations = await layFoundations(environment, { log: (line) => log.debug({ context: 'PostgreSQL', msg: line }) });
    release.push(() => foundations.release());
    const heeding = foundations.embedded ? whenDone(told) : atOnce(told);
    const migrated = await heeding(() => prepareDatabase(foundations.databaseUrl, { migrate: environment.AUTO_MIGRATE }));
    if (migrated.length > 0) log.info({ context: 'Migrations', migrations: migrated, msg: 'Migrated' });
    tellWhatIsOff(environment, log);
    const app = await heeding(() => startApplication(environment, foundations, log));
    release.push(() => app.close());
    const demo = isDemo(environment) ? await demoCredentials(resolve(environment.DATA_DIRECTORY)) : undefined;
    if (demo) await heeding(() => seedDemo(app, demo));

    const servers = await heeding(() => listenFor(app, environment));
    release.push(() => drain(servers, environment, log));
    // Streams do not end by themselves in time.
    release.push(async () => app.get(Followers, { strict: false }).close());
    log.info({ context: 'Service', addresses: servers.addresses, port: environment.PORT, msg: 'Listening' });
    if (demo) print(banner(environment, servers.addresses, demo));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Heeding = <T>(step: () => Promise<T>) => Promise<T>;

/** A database of others may keep a step waiting for as long as it likes. What the step holds goes with the process. */
const atOnce =
  (told: AbortSignal): Heeding =>
  (step) =>
    unlessTold(told, step);

/** Our own database answers, and is not to be stopped under a step that uses it. */
const whenDone =
  (told: AbortSignal): Heeding =>
  (step) => {
    told.throwIfAborted();
    return step();
  };

/** Ready for requests, or closed again. */
async function startApplication(environment: Environment, foundations: Foundations, log: Log): Promise<NestFastifyApplication> {
  const app = await createApplication(environment, foundations, log);
  try {
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    return app;
  } catch (error) {
    await app.close().catch((failure: unknown) => new NestLogger(log).error(failure, 'Shutdown'));
    throw error;
  }
}

async function createApplication(environment: Environment, foundations: Foundations, log: Log): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: BODY_LIMIT,
    requestIdHeader: false, // any text would do for Fastify
    genReqId: requestIdOf,
    // A path that cannot be decoded reaches no route, and no filter: Fastify's own answer would reflect it.
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) => refuseUnreadable(request, reply, log),
    ...(environment.TRUST_PROXY && { trustProxy: environment.TRUST_PROXY }),
  });
  logRequests(adapter.getInstance(), log);
  return NestFactory.create<NestFastifyApplication>(AppModule.forRoot(environment, foundations), adapter, {
    logger: new NestLogger(log),
    abortOnError: false,
  });
}

function listenFor(app: NestFastifyApplication, { HOST, PORT }: Environment): Promise<HttpServers> {
  const fastify = app.getHttpAdapter().getInstance();
  return listen((request, response) => fastify.routing(request, response), HOST ?? LOOPBACK, PORT, HOST ? [] : ['::1']);
}

function tellWhatIsOff(environment: Environment, log: Log): void {
  const off = switchedOff(environment);
  if (off.length > 0) log.warn({ context: 'Service', off, msg: 'TOKEN_STORAGE is off, and so is what needs it. No token can be revoked.' });
  const withPages = switchedOffWithPages(environment);
  if (withPages.length > 0) log.warn({ context: 'Service', off: withPages, msg: 'PAGES is off, and so is what needs them.' });
}

async function drain(servers: HttpServers, environment: Environment, log: Log): Promise<void> {
  log.info({ context: 'Service', msg: 'Draining' });
  const cut = await servers.drain(environment.SHUTDOWN_TIMEOUT * 1000);
  if (cut > 0) log.warn({ context: 'Service', cut, msg: 'Requests were cut off: they took longer than SHUTDOWN_TIMEOUT' });
}
