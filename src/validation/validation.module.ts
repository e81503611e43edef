import { ConfigurableModuleBuilder, Module, type DynamicModule } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Clock, SystemClock } from '../protocol/clock.js';
import { TokenEntryStore } from '../storage/token-entry.store.js';
import { BearerFailures } from './bearer-failures.js';
import { BUILT_IN_CHECKS } from './checks/built-in-checks.js';
import { SignatureCheck } from './checks/signature.check.js';
import { DefaultCheck } from './default-check.js';
import { IntrospectionClient } from './introspection/introspection-client.js';
import { IssuerKeys } from './issuer/issuer-keys.js';
import { IssuerMetadata } from './issuer/issuer-metadata.js';
import { PublishedKeys } from './issuer/published-keys.js';
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
      useFactory: (given: ValidationOptions, entries?: TokenEntryStore, unnamed?: DefaultCheck) =>
        resolveOptions(given, { tokenEntryStore: entries !== undefined, ...(unnamed && { check: unnamed.check }) }),
      inject: [MODULE_OPTIONS_TOKEN, { token: TokenEntryStore, optional: true }, { token: DefaultCheck, optional: true }],
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
    IssuerMetadata,
    IntrospectionClient,
    SignedTokenVerifier,
    SignatureCheck,
    BearerFailures,
  ],
  exports: [TokenCheck, BearerFailures, SignatureCheck, SignedTokenVerifier, VALIDATION_CLOCK],
})
export class ValidationModule extends ConfigurableModuleClass {}
