import { ConfigurableModuleBuilder, Module, type DynamicModule } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { Clock, SystemClock } from '../protocol/clock.js';
import { RevocationLogStore } from '../storage/revocation-log.store.js';
import { TokenEntryStore } from '../storage/token-entry.store.js';
import { BearerAuthorizer } from './bearer-authorizer.js';
import { BearerFailures } from './bearer-failures.js';
import { PresentedTokens } from './calls/presented-tokens.js';
import { Refusals } from './calls/refusals.js';
import { ActiveChecks } from './checks/active-checks.js';
import { BUILT_IN_CHECKS } from './checks/built-in-checks.js';
import { exactCheck } from './checks/exact-check.js';
import { EXACT_CHECK } from './checks/feed.check.js';
import { checksMarkedOn, classesAround, isMisplaced } from './checks/marked-places.js';
import { SignatureCheck } from './checks/signature.check.js';
import { DefaultCheck } from './default-check.js';
import { chooseFeedSource } from './feed/choose-feed-source.js';
import { FeedSource } from './feed/feed-source.js';
import { FeedStatus } from './feed/feed-status.js';
import { RevocationFeed } from './feed/revocation-feed.js';
import { IntrospectionClient } from './introspection/introspection-client.js';
import { IssuerKeys } from './issuer/issuer-keys.js';
import { IssuerMetadata } from './issuer/issuer-metadata.js';
import { PublishedKeys } from './issuer/published-keys.js';
import { OpenSockets } from './open/open-sockets.js';
import { OpenTokens } from './open/open-tokens.js';
import { SignedTokenVerifier } from './signed-token/signed-token-verifier.js';
import { TokenCheck } from './token-check.js';
import { VALIDATION_CLOCK } from './validation-clock.js';
import { resolveOptions, VALIDATION_OPTIONS, type ResolvedValidationOptions, type ValidationOptions } from './validation.options.js';

/** What `forRoot` and `forRootAsync` take beside the options. */
export interface ValidationModuleExtras {
  /** Whether BearerGuard works in every module of the application or only in those that import this one. Default: true. */
  isGlobal?: boolean;
  /** Modules whose exports the application's own check or keys inject, when they are not global. */
  imports?: NonNullable<DynamicModule['imports']>;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<ValidationOptions>({ moduleName: 'Validation' })
  .setClassMethodName('forRoot')
  .setExtras<ValidationModuleExtras>({ isGlobal: true, imports: [] }, (definition, { isGlobal, imports }) => ({
    ...definition,
    global: isGlobal ?? true,
    imports: [...new Set([...(definition.imports ?? []), ...(imports ?? [])])],
  }))
  .build();

/** Guards an API's routes: `ValidationModule.forRoot({ issuer, audience })` once in the application, then BearerGuard where wanted. */
@Module({
  providers: [
    {
      provide: VALIDATION_OPTIONS,
      useFactory: (
        given: ValidationOptions,
        modules: ModulesContainer,
        entries?: TokenEntryStore,
        log?: RevocationLogStore,
        unnamed?: DefaultCheck,
      ) => {
        const classes = classesAround(modules, ({ providers }) => providers.get(MODULE_OPTIONS_TOKEN)?.instance === given);
        return resolveOptions(given, {
          tokenEntryStore: entries !== undefined,
          revocationLogStore: log !== undefined,
          ...(unnamed && { check: unnamed.check }),
          marks: classes.flatMap(checksMarkedOn),
          misplaced: classes.filter(isMisplaced),
        });
      },
      inject: [
        MODULE_OPTIONS_TOKEN,
        ModulesContainer,
        ...[TokenEntryStore, RevocationLogStore, DefaultCheck].map((token) => ({ token, optional: true })),
      ],
    },
    {
      provide: VALIDATION_CLOCK,
      useFactory: (clock?: Clock) => clock ?? new SystemClock(),
      inject: [{ token: Clock, optional: true }],
    },
    {
      provide: IssuerKeys,
      useFactory: (options: ResolvedValidationOptions, modules: ModuleRef) => modules.create(options.keys ?? PublishedKeys),
      inject: [VALIDATION_OPTIONS, ModuleRef],
    },
    {
      provide: TokenCheck,
      useFactory: ({ check }: ResolvedValidationOptions, modules: ModuleRef) =>
        modules.create(typeof check === 'string' ? BUILT_IN_CHECKS[check] : check),
      inject: [VALIDATION_OPTIONS, ModuleRef],
    },
    {
      provide: FeedSource,
      useFactory: chooseFeedSource,
      inject: [VALIDATION_OPTIONS, VALIDATION_CLOCK, { token: RevocationLogStore, optional: true }, IssuerMetadata],
    },
    { provide: EXACT_CHECK, useFactory: exactCheck, inject: [VALIDATION_OPTIONS, ModuleRef, { token: TokenEntryStore, optional: true }] },
    { provide: ActiveChecks, useFactory: ActiveChecks.create, inject: [VALIDATION_OPTIONS, ModuleRef, TokenCheck] },
    RevocationFeed,
    FeedStatus,
    OpenTokens,
    OpenSockets,
    PresentedTokens,
    BearerAuthorizer,
    Refusals,
    IssuerMetadata,
    IntrospectionClient,
    SignedTokenVerifier,
    SignatureCheck,
    BearerFailures,
  ],
  exports: [
    TokenCheck,
    BearerFailures,
    BearerAuthorizer,
    PresentedTokens,
    Refusals,
    OpenTokens,
    OpenSockets,
    SignatureCheck,
    SignedTokenVerifier,
    RevocationFeed,
    FeedStatus,
    VALIDATION_CLOCK,
    VALIDATION_OPTIONS,
  ],
})
export class ValidationModule extends ConfigurableModuleClass {}
