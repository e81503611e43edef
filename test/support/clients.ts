import { randomBytes } from 'node:crypto';
import { sha256 } from '../../src/protocol/hashing.js';
import { ClientStore, type ClientPermissions, type ClientSettings, type NewClient } from '../../src/storage/client.store.js';
import { ScopeStore } from '../../src/storage/scope.store.js';
import { seeChanges } from './configuration.js';
import type { TestService } from './service-app.js';

type Service = Pick<TestService, 'get' | 'clock'>;

/** A client under construction: `confidentialClient().withScopes('a').register(service)`. */
export class ClientBuilder {
  private client: NewClient;

  constructor(type: 'public' | 'confidential') {
    this.client = {
      id: `${type}-${randomBytes(4).toString('hex')}`,
      displayName: 'Test client',
      type,
      authenticationMethod: type === 'public' ? 'none' : 'client_secret_basic',
      permissions: { endpoints: ['token', 'revocation'], grantTypes: ['refresh_token'], scopes: [], resources: [] },
      redirectUris: [],
      postLogoutRedirectUris: [],
      allowedOrigins: [],
      settings: {},
    };
  }

  with(changes: Partial<NewClient>): this {
    this.client = { ...this.client, ...changes };
    return this;
  }

  withPermissions(permissions: Partial<ClientPermissions>): this {
    return this.with({ permissions: { ...this.client.permissions, ...permissions } });
  }

  withScopes(...scopes: string[]): this {
    return this.withPermissions({ scopes });
  }

  withSettings(settings: ClientSettings): this {
    return this.with({ settings });
  }

  /** Changes the registered client into this one. */
  async update(service: Service): Promise<void> {
    await service.get(ClientStore).update(this.client, service.clock.now());
    await seeChanges(service);
  }

  async register(service: Service): Promise<TestClient> {
    const now = service.clock.now();
    await service.get(ClientStore).insert(this.client, now);
    for (const name of this.client.permissions.scopes) {
      const known = await service.get(ScopeStore).list();
      if (!known.some((scope) => scope.name === name) && name.includes(':'))
        await service.get(ScopeStore).put({ name, resources: [] }, now);
    }
    const { authenticationMethod: method } = this.client;
    const secret = method.startsWith('client_secret_') ? `cs_cs_${randomBytes(32).toString('base64url')}` : undefined;
    if (secret !== undefined) await service.get(ClientStore).addSecret(this.client.id, sha256(secret), now, now);
    await seeChanges(service);
    return { id: this.client.id, secret };
  }
}

export interface TestClient {
  readonly id: string;
  readonly secret: string | undefined;
}

export const publicClient = (): ClientBuilder => new ClientBuilder('public');

/** May use every endpoint, and client_credentials. */
export const confidentialClient = (): ClientBuilder =>
  new ClientBuilder('confidential').withPermissions({
    endpoints: ['token', 'introspection', 'revocation'],
    grantTypes: ['client_credentials', 'refresh_token'],
  });

/** An API that introspects every token. */
export const resourceServer = (): ClientBuilder =>
  new ClientBuilder('confidential').withPermissions({ endpoints: ['introspection'], grantTypes: [], seeAllTokens: true });
