import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyInstance } from 'fastify';
import { AppModule as TodoApi } from '../../../examples/todo-api/app.module.js';
import { readSettings as todoSettings } from '../../../examples/todo-api/settings.js';
import { AppModule as WebApp } from '../../../examples/web-app/app.module.js';
import { readSettings, type Settings } from '../../../examples/web-app/settings.js';
import { Clock } from '../../../src/protocol/clock.js';
import { SessionEvents } from '../../../src/session/session-events.js';
import { ScopeStore } from '../../../src/storage/scope.store.js';
import { VALIDATION_CLOCK } from '../../../src/validation/validation-clock.js';
import { codeClient } from '../../support/code-flow.js';
import { DatabaseRows } from '../../support/database-rows.js';
import { unusedPort } from '../../support/unused-port.js';
import type { Stage } from './stage.js';

const TODOS = ['todos:read', 'todos:write'];
/** What the Todo API calls itself, wherever it listens. */
const AUDIENCE = 'http://localhost:4000';

export const newKey = (): string => randomBytes(32).toString('base64');

/** A JWT, or a reference token of ours. */
const TOKEN = /eyJ|cs_[ar]t_/;

/** `examples/web-app` and the Todo API behind it, as they are, in the time on the stage. */
export class ExampleApp {
  private constructor(
    private readonly stage: Stage,
    private readonly api: INestApplication,
    private readonly settings: Settings,
    private readonly rows: DatabaseRows,
    private app: INestApplication,
    /** What left the app and looks as if it held a token. */
    readonly leaks: readonly string[],
  ) {}

  static async open(stage: Stage, store: Settings['store']): Promise<ExampleApp> {
    const [apiPort, port] = [await unusedPort(), await unusedPort()];
    const [todoApi, url] = [`http://localhost:${apiPort}`, `http://localhost:${port}`];
    const api = await started(stage, TodoApi.forRoot(todoSettings({ ISSUER: stage.issuer, AUDIENCE })), apiPort);
    for (const name of TODOS) await stage.service.get(ScopeStore).put({ name, resources: [AUDIENCE] }, stage.service.clock.now());
    const builder = codeClient('confidential').with({
      displayName: 'Todo web app',
      redirectUris: [`${url}/session/callback`],
      postLogoutRedirectUris: [`${url}/`],
      backchannelLogoutUri: `${url}/session/backchannel-logout`,
    });
    const scopes = ['openid', 'profile', 'email', 'offline_access', ...TODOS];
    const client = await builder.withPermissions({ scopes, resources: [AUDIENCE] }).register(stage.service);
    const { url: database } = stage.service.database;
    const settings = readSettings({
      ...{ PORT: String(port), ISSUER: stage.issuer, CLIENT_ID: client.id, TODO_API: todoApi, SESSION_KEYS: newKey() },
      ...(client.secret !== undefined && { CLIENT_SECRET: client.secret }),
      ...{ STORE: store, DATABASE_URL: database },
    });
    const leaks: string[] = [];
    const app = await started(stage, WebApp.forRoot(settings), port, leaks);
    return new ExampleApp(stage, api, settings, await DatabaseRows.open(database), app, leaks);
  }

  get url(): string {
    return this.settings.baseUrl;
  }

  get keys(): readonly string[] {
    return this.settings.sessionKeys;
  }

  /** The next process of the app, with other keys. */
  async restart(sessionKeys: readonly string[]): Promise<void> {
    await this.app.close();
    this.app = await started(this.stage, WebApp.forRoot({ ...this.settings, sessionKeys }), this.settings.port);
  }

  /** Access tokens that the service has issued to the app. */
  async tokensIssued(): Promise<number> {
    const { rows } = await this.rows.client.query<{ count: number }>(
      'select count(*)::int as count from token_entry e join authorizations a on a.id = e.authorization_id where a.client = $1 and e.type = 4',
      [this.settings.clientId],
    );
    return rows[0]?.count ?? 0;
  }

  /** Resolves when the app was told by the service that a session has ended there. */
  async toldOfLogout(): Promise<void> {
    for (let reason = ''; reason !== 'backchannel';) {
      const [event] = (await once(this.app.get(SessionEvents, { strict: false }), 'session.ended')) as [{ reason: string }];
      ({ reason } = event);
    }
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.api.close();
    await this.rows.close();
  }
}

async function started({ service }: Stage, module: DynamicModule, port: number, leaks: string[] = []): Promise<INestApplication> {
  const testing = Test.createTestingModule({ imports: [module] });
  for (const clock of [Clock, VALIDATION_CLOCK]) testing.overrideProvider(clock).useValue(service.clock);
  const app = (await testing.compile()).createNestApplication(new FastifyAdapter({ forceCloseConnections: true }), {
    logger: ['error', 'fatal'],
  });
  watch(app, leaks);
  await app.listen(port, '127.0.0.1');
  return app;
}

/** Gathers what is sent, but for cookies, and looks as if it held a token. */
function watch(app: INestApplication, leaks: string[]): void {
  (app.getHttpAdapter().getInstance() as FastifyInstance).addHook('onSend', (request, reply, payload, done) => {
    const sent = JSON.stringify(reply.getHeaders()) + String(payload);
    // Where to sign out holds the id token, for the service alone (RP-Initiated Logout 1.0 §2).
    if (TOKEN.test(sent.replace(/id_token_hint=[^&"]*/, ''))) leaks.push(`${request.url}: ${sent}`);
    done();
  });
}
