import { resolve } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Followers } from '../issuance/revocations/followers.js';
import { AppModule, type Foundations } from './app.module.js';
import { isDemo } from './environment/module-options.js';
import type { Environment } from './environment/variables.js';
import { banner } from './first-run/banner.js';
import { demoCredentials } from './first-run/demo-credentials.js';
import { seedDemo } from './first-run/demo-data.js';
import { heedingOf } from './heeding.js';
import type { Held } from './held.js';
import { listen, type HttpServers } from './http-servers.js';
import type { Log } from './logging/log.js';
import { NestLogger } from './logging/nest-logger.js';
import { logRequests, refuseUnreadable, requestIdOf } from './logging/request-log.js';

export interface Serving {
  readonly environment: Environment;
  readonly foundations: Foundations & { readonly embedded: boolean };
  readonly log: Log;
  readonly told: AbortSignal;
  /** Gets what is to be let go of. */
  readonly held: Held;
  /** Shows the banner of the demo data, which are made before. Undefined: another process does both. */
  readonly print: ((text: string) => unknown) | undefined;
}

const LOOPBACK = ['127.0.0.1', '::1'];
/** Bytes of a body; endpoints that need less say so themselves. */
const BODY_LIMIT = 131_072;

/** Application, demo data, port. @throws Error that says what to change; what the process was told to stop by */
export async function serveApplication({ environment, foundations, log, told, held, print }: Serving): Promise<void> {
  const heeding = heedingOf(told, foundations.embedded);
  const app = await heeding(() => startApplication(environment, foundations, log));
  held.add(() => app.close());
  const demo = print && isDemo(environment) ? await demoCredentials(resolve(environment.DATA_DIRECTORY)) : undefined;
  if (demo) await heeding(() => seedDemo(app, demo));

  const servers = await heeding(() => listenFor(app, environment));
  held.add(() => drain(servers, environment, log));
  // Streams do not end by themselves in time.
  held.add(async () => app.get(Followers, { strict: false }).close());
  log.info({ context: 'Service', addresses: servers.addresses, port: environment.PORT, msg: 'Listening' });
  if (demo) print?.(banner(environment, servers.addresses, demo));
}

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

async function drain(servers: HttpServers, environment: Environment, log: Log): Promise<void> {
  log.info({ context: 'Service', msg: 'Draining' });
  const cut = await servers.drain(environment.SHUTDOWN_TIMEOUT * 1000);
  if (cut > 0) log.warn({ context: 'Service', cut, msg: 'Requests were cut off: they took longer than SHUTDOWN_TIMEOUT' });
}
