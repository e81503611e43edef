import { ConfigurableModuleBuilder, Inject, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';
import { ProtectedResource, PROTECTED_RESOURCE_OPTIONS } from './protected-resource.js';
import { checkProtectedResource, type ProtectedResourceOptions } from './protected-resource.options.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<ProtectedResourceOptions>({
  moduleName: 'ProtectedResource',
})
  .setClassMethodName('forRoot')
  .setExtras({}, (definition) => ({ ...definition, global: true }))
  .build();

/**
 * Publishes what clients need to know to get a token for this API (RFC 9728), and makes BearerGuard's challenges point there:
 * `ProtectedResourceModule.forRoot({ resource: 'https://api.example.com' })` beside `ValidationModule.forRoot(…)`.
 */
@Module({
  providers: [
    {
      provide: PROTECTED_RESOURCE_OPTIONS,
      useFactory: (options: ProtectedResourceOptions) => {
        checkProtectedResource(options);
        return options;
      },
      inject: [MODULE_OPTIONS_TOKEN],
    },
    {
      provide: ProtectedResource,
      useFactory: ({ resource }: ProtectedResourceOptions) => new ProtectedResource(resource),
      inject: [PROTECTED_RESOURCE_OPTIONS],
    },
  ],
  exports: [ProtectedResource],
})
export class ProtectedResourceModule extends ConfigurableModuleClass implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly modules: ModulesContainer,
    private readonly resource: ProtectedResource,
    @Inject(PROTECTED_RESOURCE_OPTIONS) private readonly options: ProtectedResourceOptions,
    @Inject(VALIDATION_OPTIONS) private readonly validation: ResolvedValidationOptions,
  ) {
    super();
  }

  /** Not by a controller: neither a global prefix nor a global guard must stand before a well-known address. */
  onModuleInit(): void {
    const imported = [...this.modules.values()].filter(({ metatype }) => metatype === ProtectedResourceModule);
    if (imported.length > 1) throw new Error('ProtectedResourceModule cannot start:\n- import it once: challenges point to one resource.');
    const { httpAdapter } = this.host;
    const body = JSON.stringify(this.metadata());
    httpAdapter.get(this.resource.path, (_request: unknown, reply: object) => {
      httpAdapter.setHeader(reply, 'content-type', 'application/json');
      httpAdapter.setHeader(reply, 'cache-control', 'public, max-age=3600');
      httpAdapter.setHeader(reply, 'access-control-allow-origin', '*');
      httpAdapter.reply(reply, body, 200);
    });
  }

  private metadata(): object {
    const { resource, authorizationServers, scopesSupported, ...pages } = this.options;
    return {
      resource,
      authorization_servers: authorizationServers ?? [this.validation.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: scopesSupported,
      resource_name: pages.resourceName,
      resource_documentation: pages.resourceDocumentation,
      resource_policy_uri: pages.resourcePolicyUri,
      resource_tos_uri: pages.resourceTosUri,
    };
  }
}
