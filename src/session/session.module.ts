import { ConfigurableModuleBuilder, Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR } from '@nestjs/core';
import { Clock, SystemClock } from '../protocol/clock.js';
import { WebSessionStore } from '../storage/web-session.store.js';
import { SessionCookie } from './cookie/session-cookie.js';
import { SetCookies } from './cookie/set-cookies.js';
import { HookRunner } from './hook-runner.js';
import { LateAnswerInterceptor } from './http/late-answer.interceptor.js';
import { SessionErrorFilter } from './http/session-error.filter.js';
import { SessionGuard } from './http/session.guard.js';
import { AppTokens } from './provider/app-tokens.js';
import { OidcClient } from './provider/oidc-client.js';
import { FreshTokens } from './refresh/fresh-tokens.js';
import { RefreshMemory } from './refresh/refresh-memory.js';
import { RefreshNews } from './refresh/refresh-news.js';
import { RefreshSlots } from './refresh/refresh-slots.js';
import { SessionLeases } from './refresh/session-leases.js';
import { SharedRefresh } from './refresh/shared-refresh.js';
import { TokenFreshness } from './refresh/token-freshness.js';
import { TokenRefresh } from './refresh/token-refresh.js';
import { SESSION_CLOCK } from './session-clock.js';
import { SessionChanges } from './session-changes.js';
import { SessionCounters } from './session-counters.js';
import { SessionEndings } from './session-endings.js';
import { SessionEvents } from './session-events.js';
import { SessionJobs } from './session-jobs.js';
import { resolveSessionOptions } from './resolve-session-options.js';
import { SESSION_OPTIONS, type SessionOptions } from './session.options.js';
import { SessionPruning } from './session-pruning.js';
import { Sessions } from './sessions.js';
import { SessionValidation } from './session-validation.js';
import { NewSessions } from './sign-in/new-sessions.js';
import { ReplacedSessions } from './sign-in/replaced-sessions.js';
import { sessionEndpoints } from './sign-in/session-endpoints.js';
import { SignInAttempts } from './sign-in/sign-in-attempts.js';
import { SignIn } from './sign-in/sign-in.js';
import { LogoutTokens } from './sign-out/logout-tokens.js';
import { SignOut } from './sign-out/sign-out.js';
import { ChangesUnderWay } from './state/changes-under-way.js';
import { SessionCodec } from './state/session-codec.js';
import { SessionRecords } from './state/session-records.js';
import { EndedSessions } from './state/ended-sessions.js';
import { RequestSessions } from './request-sessions.js';
import { SessionRegeneration } from './session-regeneration.js';
import { SessionSliding } from './session-sliding.js';
import { SessionWatch } from './session-watch.js';

/** What is fixed when the module is declared, beside its options. */
export interface SessionModuleExtras {
  /** Where the module's own routes begin: login, callback, logout below it. Default: `/session`. */
  readonly path?: string;
  /** Modules whose exports a class of hooks injects, when they are not global. */
  readonly imports?: NonNullable<DynamicModule['imports']>;
}

const DEFAULT_PATH = '/session';
const PATH = Symbol('SessionPath');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<SessionOptions>({ moduleName: 'Session' })
  .setClassMethodName('forRoot')
  .setExtras<SessionModuleExtras>({ path: DEFAULT_PATH, imports: [] }, (definition, { path = DEFAULT_PATH, imports = [] }) => ({
    ...definition,
    global: true,
    imports: [...(definition.imports ?? []), ...imports],
    controllers: [sessionEndpoints(path)],
    providers: [...(definition.providers ?? []), { provide: PATH, useValue: path }],
  }))
  .build();

/** Cookie sessions for a web app, signed in at an OpenID provider: `SessionModule.forRoot({ … })` once, then `@Authenticated()`. Fastify and Express. */
@Module({
  providers: [
    {
      provide: SESSION_OPTIONS,
      useFactory: async (options: SessionOptions, path: string, store?: WebSessionStore) =>
        resolveSessionOptions(options, path, store && { isMigrated: await store.isThere() }),
      inject: [MODULE_OPTIONS_TOKEN, PATH, { token: WebSessionStore, optional: true }],
    },
    { provide: SESSION_CLOCK, useFactory: (clock?: Clock) => clock ?? new SystemClock(), inject: [{ token: Clock, optional: true }] },
    ...[SessionEvents, SessionCodec, SessionRecords, EndedSessions, ChangesUnderWay, SetCookies, SessionCookie], // what there is
    ...[
      OidcClient,
      AppTokens,
      SessionLeases,
      TokenFreshness,
      TokenRefresh,
      RefreshMemory,
      RefreshSlots,
      RefreshNews,
      SharedRefresh,
      FreshTokens,
    ],
    ...[
      SessionEndings,
      SessionSliding,
      SessionRegeneration,
      SessionChanges,
      HookRunner,
      RequestSessions,
      SessionValidation,
      SessionWatch,
      SessionJobs,
      Sessions,
      SessionGuard,
    ],
    ...[SignInAttempts, NewSessions, ReplacedSessions, SignIn, LogoutTokens, SignOut, SessionPruning, SessionCounters],
    { provide: APP_INTERCEPTOR, useClass: LateAnswerInterceptor },
    { provide: APP_FILTER, useClass: SessionErrorFilter },
  ],
  // The last two are for what `@Authenticated()` brings into the app's own modules.
  exports: [Sessions, SessionEvents, SessionCounters, SessionGuard, SESSION_OPTIONS, SetCookies],
})
export class SessionModule extends ConfigurableModuleClass {}
