import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { FEED_SCOPE, isSubset, parseScope } from '../../protocol/scope.js';
import type { ClientPermissions, ClientRecord } from '../../storage/client.store.js';
import { ScopeStore, type ScopeRecord } from '../../storage/scope.store.js';
import { Remembered } from '../configuration/remembered.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions, SigningAlgorithm } from '../issuance.options.js';

/** What holds for one client: its own settings over the service's. Seconds. */
export interface EffectiveSettings {
  readonly accessTokenLifetime: number;
  readonly refreshTokenLifetime: number;
  readonly chainLifetime: number;
  readonly referenceAccessTokens: boolean;
  readonly referenceRefreshTokens: boolean;
  readonly rotation: boolean;
  readonly leeway: number;
  readonly accessTokenAlgorithm: SigningAlgorithm;
  readonly idTokenAlgorithm: SigningAlgorithm;
}

/** What holds for the authorization requests of one client. */
export interface AuthorizationSettings {
  readonly requirePkce: boolean;
  readonly requirePushedRequests: boolean;
  readonly consent: 'explicit' | 'implicit';
}

/** Scopes that need no record, as FEED_SCOPE does not: OpenID Connect Core §5.4 and §11. */
export const STANDARD_SCOPES: readonly string[] = ['openid', 'offline_access', 'profile', 'email', 'phone', 'address', 'roles'];

/** What a client may ask for, and what it gets. */
@Injectable()
export class ClientPolicy {
  private readonly effective = new WeakMap<ClientRecord, EffectiveSettings>();
  private readonly scopes: Remembered<ReadonlyMap<string, ScopeRecord>>;

  constructor(
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
    scopeStore: ScopeStore,
    clock: Clock,
  ) {
    this.scopes = new Remembered(async () => new Map((await scopeStore.list()).map((record) => [record.name, record])), clock);
  }

  settings(client: ClientRecord): EffectiveSettings {
    let effective = this.effective.get(client);
    if (!effective) this.effective.set(client, (effective = this.settingsOf(client)));
    return effective;
  }

  private settingsOf({ settings, type }: ClientRecord): EffectiveSettings {
    const { options } = this;
    return {
      accessTokenLifetime: settings.accessTokenLifetime ?? options.accessTokenLifetime,
      refreshTokenLifetime: settings.refreshTokenLifetime ?? options.refreshTokenLifetime,
      chainLifetime: settings.chainLifetime ?? options.chainLifetime,
      referenceAccessTokens: settings.referenceAccessTokens ?? options.referenceAccessTokens,
      referenceRefreshTokens: settings.referenceRefreshTokens ?? options.referenceRefreshTokens,
      rotation: settings.rotation ?? (options.rotation === 'always' || (options.rotation === 'public' && type === 'public')),
      leeway: settings.leeway ?? options.leeway,
      accessTokenAlgorithm: settings.accessTokenAlgorithm ?? options.accessTokenAlgorithm,
      idTokenAlgorithm: settings.idTokenAlgorithm ?? options.idTokenAlgorithm,
    };
  }

  authorizationSettings({ settings, type }: ClientRecord): AuthorizationSettings {
    return {
      requirePkce: type === 'public' || (settings.requirePkce ?? true), // RFC 9700 §2.1.1
      requirePushedRequests: settings.requirePushedRequests ?? this.options.requirePushedRequests,
      consent: settings.consent ?? 'explicit',
    };
  }

  /** @throws OAuthError unauthorized_client */
  requireEndpoint(client: ClientRecord, endpoint: ClientPermissions['endpoints'][number]): void {
    if (client.permissions.endpoints.includes(endpoint)) return;
    throw new OAuthError({ code: 'unauthorized_client', description: 'The client may not use this endpoint.' });
  }

  /** @throws OAuthError unauthorized_client */
  requireGrantType(client: ClientRecord, grantType: string): void {
    if (client.permissions.grantTypes.includes(grantType)) return;
    throw new OAuthError({ code: 'unauthorized_client', description: 'The client may not use this grant type.' });
  }

  /** Whether a grant yields refresh tokens: not those the person was not asked for (OpenID Connect Core §11), nor those the client could not use. */
  isRefreshable({ permissions }: ClientRecord, scopes: readonly string[]): boolean {
    return scopes.includes('offline_access') && permissions.grantTypes.includes('refresh_token') && this.options.grantTypes.refreshToken;
  }

  /** The scopes of a request that opens a grant. None asked: none. @throws OAuthError invalid_scope: malformed, unknown or not permitted */
  async requestedScopes(client: ClientRecord, scope: string | undefined): Promise<string[]> {
    if (scope === undefined) return [];
    const scopes = parseScopeParameter(scope);
    const known = await this.knownScopes();
    const builtIn = [...STANDARD_SCOPES, ...this.machineScopes];
    const allowed = (name: string) => (known.has(name) || builtIn.includes(name)) && client.permissions.scopes.includes(name);
    if (!scopes.every(allowed))
      throw new OAuthError({ code: 'invalid_scope', description: 'A scope is unknown or not permitted to the client.' });
    return scopes;
  }

  /**
   * The audience of a grant, never empty: the resources asked for, else those of the scopes, else the client's default, else the service's. RFC 8707 §2
   * @throws OAuthError invalid_target: malformed, or not among the client's and the scopes' resources
   */
  async audience(client: ClientRecord, scopes: readonly string[], resources: readonly string[]): Promise<string[]> {
    const known = await this.knownScopes();
    const ofScopes = [...new Set(scopes.flatMap((scope) => known.get(scope)?.resources ?? []))];
    if (resources.length === 0) {
      if (ofScopes.length > 0) return ofScopes;
      return [client.defaultResource ?? this.options.defaultAudience];
    }
    const permitted = [...client.permissions.resources, ...ofScopes, ...(client.defaultResource ? [client.defaultResource] : [])];
    const asked = parseResources(resources);
    if (!isSubset(asked, permitted))
      throw new OAuthError({ code: 'invalid_target', description: 'A resource is unknown or not permitted to the client.' });
    return asked;
  }

  /** Scopes that need no record and no person. */
  get machineScopes(): readonly string[] {
    return this.options.endpoints.revocationFeed ? [FEED_SCOPE] : [];
  }

  /** Scope records, as ConfigurationWatch lets them be remembered: the same map until they are read anew. @throws StorageUnavailableError */
  knownScopes(): Promise<ReadonlyMap<string, ScopeRecord>> {
    return this.scopes.get();
  }

  forgetScopes(): void {
    this.scopes.forget();
  }
}

/** @throws OAuthError invalid_scope */
export function parseScopeParameter(scope: string): string[] {
  const scopes = parseScope(scope);
  if (!scopes) throw new OAuthError({ code: 'invalid_scope', description: 'The scope parameter is malformed.' });
  return scopes;
}

/** RFC 8707 §2: absolute URIs without a fragment. @throws OAuthError invalid_target */
export function parseResources(resources: readonly string[]): string[] {
  if (!resources.every((resource) => URL.canParse(resource) && !resource.includes('#'))) {
    throw new OAuthError({ code: 'invalid_target', description: 'A resource is no absolute URI without a fragment.' });
  }
  return [...new Set(resources)];
}
