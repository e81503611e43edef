import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type ModuleMetadata,
  type NestModule,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Accounts } from './accounts/accounts.js';
import { UserStoreAccounts } from './accounts/user-store-accounts.js';
import { AllowedOrigins } from './allowed-origins.js';
import { AttemptLimiter } from './attempts/attempt-limiter.js';
import { BrowserCookies } from './browser/browser-cookies.js';
import { BrowserSessions } from './browser/browser-sessions.js';
import { FormTokens } from './browser/form-tokens.js';
import { CredentialCheck } from './credential-check.js';
import {
  hasPages,
  IDENTITY_OPTIONS,
  resolveIdentityOptions,
  type IdentityModuleOptions,
  type IdentityOptions,
} from './identity.options.js';
import { Argon2 } from './passwords/argon2.js';
import { PasswordHasher } from './passwords/password-hasher.js';
import { AccountChanges } from './pages/account-changes.js';
import { AccountOverview } from './pages/account-overview.js';
import { AccountPageController } from './pages/account-page.controller.js';
import { AllContinuations } from './pages/all-continuations.js';
import { AssetsController } from './pages/assets.controller.js';
import { Entrance } from './pages/entrance.js';
import { EtaPages } from './pages/eta-pages.js';
import { guardPages } from './pages/fastify-pages.js';
import { PageAssets } from './pages/page-assets.js';
import { PageErrors } from './pages/page-errors.js';
import { PageForms } from './pages/page-forms.js';
import { PAGE_PATHS } from './pages/page-paths.js';
import { PageReplies } from './pages/page-replies.js';
import { Pages } from './pages/pages.js';
import { RegisterPageController } from './pages/register-page.controller.js';
import { SignInPageController } from './pages/sign-in-page.controller.js';
import { SwitchedOffPages } from './pages/switched-off-pages.js';
import { PasswordPolicy } from './passwords/password-policy.js';
import { Registration } from './registration.js';
import { AccountController } from './sign-in-api/account.controller.js';
import { answerEarlyProblems } from './sign-in-api/early-problems.js';
import { refuseOtherMethods } from './sign-in-api/other-methods.js';
import { answerOtherOrigins } from './sign-in-api/other-origins.js';
import { RefreshController } from './sign-in-api/refresh.controller.js';
import { RegistrationController } from './sign-in-api/registration.controller.js';
import { SessionsController } from './sign-in-api/sessions.controller.js';
import { SignInController } from './sign-in-api/sign-in.controller.js';
import { Users } from './users.js';

/** What is fixed when the module is declared, beside its options. */
export interface IdentityModuleExtras {
  /** Where the people are kept. Default: the token database. */
  readonly accounts?: Type<Accounts>;
  /** What writes the pages. Default: templates, in the look of `pages`. */
  readonly renderer?: Type<Pages>;
  /** Modules that provide what `accounts` needs, or the ports of issuance where they are not global. */
  readonly imports?: ModuleMetadata['imports'];
  /** Whether other modules need not import it. Default true: issuance limits attempts by the same AttemptLimiter. */
  readonly isGlobal?: boolean;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<IdentityModuleOptions>()
  .setClassMethodName('forRoot')
  .setExtras<IdentityModuleExtras>({ accounts: UserStoreAccounts, renderer: EtaPages, imports: [], isGlobal: true }, withExtras)
  .build();

/**
 * Who the person is: accounts, passwords, the sign-in API for first-party apps, and the pages. Needs the storage ports and Clock
 * (`PostgresStorageModule`), and the ports FirstPartyTokens, OwnTokens, AllowedOrigins, Continuations and IssuerAddress (`IssuanceModule`). For
 * Fastify hosts.
 */
@Module({
  controllers: [
    ...[RegistrationController, SignInController, RefreshController, AccountController, SessionsController],
    ...[SignInPageController, RegisterPageController, AccountPageController, AssetsController],
  ],
  providers: [
    { provide: IDENTITY_OPTIONS, useFactory: resolveIdentityOptions, inject: [MODULE_OPTIONS_TOKEN] },
    Argon2,
    PasswordHasher,
    PasswordPolicy,
    AttemptLimiter,
    CredentialCheck,
    Users,
    Registration,
    ...[BrowserCookies, BrowserSessions, FormTokens, SwitchedOffPages],
    ...[PageAssets, PageReplies, PageErrors, PageForms, AllContinuations, Entrance, AccountOverview, AccountChanges],
  ],
  exports: [
    ...[IDENTITY_OPTIONS, Accounts, AttemptLimiter, CredentialCheck, Users],
    ...[BrowserCookies, BrowserSessions, FormTokens, PageForms, PageReplies, PageErrors, SwitchedOffPages],
  ],
})
export class IdentityModule extends ConfigurableModuleClass implements NestModule {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly origins: AllowedOrigins,
    private readonly pageErrors: PageErrors,
    private readonly switchedOffPages: SwitchedOffPages,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {
    super();
  }

  /** Nest calls this before it registers routes, and only where there is HTTP. */
  configure(): void {
    const adapter = this.host.httpAdapter;
    const pages = hasPages(this.options);
    if (adapter.getType() !== 'fastify') {
      if (!this.options.enabled && !pages) return;
      throw new Error('The sign-in API and the pages need @nestjs/platform-fastify.');
    }
    const fastify = adapter.getInstance<FastifyInstance>();
    if (this.options.registration !== 'immediate') this.switchedOffPages.add([PAGE_PATHS.register]);
    guardPages(fastify, this.pageErrors, this.switchedOffPages, pages);
    if (!this.options.enabled) return;
    answerEarlyProblems(fastify);
    answerOtherOrigins(fastify, this.origins, this.options.storage);
    refuseOtherMethods(fastify, this.origins, this.options.storage);
  }
}

function withExtras(
  definition: DynamicModule,
  { accounts = UserStoreAccounts, renderer = EtaPages, imports = [], isGlobal = true }: IdentityModuleExtras,
): DynamicModule {
  return {
    ...definition,
    global: isGlobal,
    imports: [...new Set([...(definition.imports ?? []), ...imports])],
    providers: [...(definition.providers ?? []), { provide: Accounts, useClass: accounts }, { provide: Pages, useClass: renderer }],
  };
}
