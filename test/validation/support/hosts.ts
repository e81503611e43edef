import { Global, Module, type DynamicModule, type INestApplication, type LoggerService, type ModuleMetadata } from '@nestjs/common';
import { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { Clock } from '../../../src/protocol/clock.js';

export type Host = 'Fastify' | 'Express';

/** For `describe.each`: what is promised of the guard holds on both. */
export const HOSTS: readonly Host[] = ['Fastify', 'Express'];

export interface LogLine {
  readonly level: string;
  readonly text: string;
}

export interface RunningApi {
  readonly app: INestApplication;
  readonly url: string;
  /** What was logged since it was made. Nest has one logger for the process: the lines of other APIs that run meanwhile are among them. */
  readonly log: readonly LogLine[];
  /** GET with a bearer token, if one is given. */
  get(path: string, token?: string): Promise<Response>;
  close(): Promise<void>;
}

/** Starts an API on a free port, its log kept. `clock` replaces the one the application has. `prepare` is called before it listens. */
export async function startApi(
  host: Host,
  metadata: ModuleMetadata,
  clock?: Clock,
  prepare?: (app: INestApplication) => void | Promise<void>,
): Promise<RunningApi> {
  const log: LogLine[] = [];
  logs.add(log);
  const builder = Test.createTestingModule(metadata).setLogger(logger);
  if (clock) builder.overrideProvider(Clock).useValue(clock);
  const module = await builder.compile();
  const adapter: AbstractHttpAdapter = host === 'Fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app = module.createNestApplication(adapter, { logger });
  await prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer() as { address(): AddressInfo }).address().port}`;
  running.add(app);
  return {
    app,
    url,
    log,
    get: (path, token) => fetch(`${url}${path}`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }),
    close: async () => {
      running.delete(app);
      await app.close();
      logs.delete(log);
    },
  };
}

/** The application's own clock, as PostgresStorageModule would provide it. */
export function clockModule(clock: Clock): DynamicModule {
  return { module: ApplicationClock, global: true, providers: [{ provide: Clock, useValue: clock }], exports: [Clock] };
}

@Global()
@Module({})
class ApplicationClock {}

// A test that failed may have left one open, and that must not keep the run from ending.
const running = new Set<INestApplication>();
afterAll(() => Promise.all([...running].map((app) => app.close())));

const logs = new Set<LogLine[]>();

const keep =
  (level: string) =>
  (...parts: unknown[]): void => {
    const text = parts.map((part) => (part instanceof Error ? String(part.stack) : String(part))).join(' ');
    for (const log of logs) log.push({ level, text });
  };

const logger: LoggerService = {
  log: keep('log'),
  error: keep('error'),
  warn: keep('warn'),
  debug: keep('debug'),
  verbose: keep('verbose'),
  fatal: keep('fatal'),
};
