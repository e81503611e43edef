import { PostgresStorageModule } from '../../../src/storage/postgres/postgres-storage.module.js';
import { ValidationModule } from '../../../src/validation/validation.module.js';
import { resourceServer } from '../../support/clients.js';
import type { TestService } from '../../support/service-app.js';
import { clockModule, startApi, type RunningApi } from '../../validation/support/hosts.js';
import { TodosController } from '../../validation/support/todo.controllers.js';

/** The same API three times, each with another check, guarded by what `issuer` publishes; introspection asks `introspector`. */
export interface GuardedApis {
  readonly signature: RunningApi;
  readonly entry: RunningApi;
  readonly introspection: RunningApi;
  close(): Promise<void>;
}

export async function startGuardedApis(issuing: TestService, introspector: TestService): Promise<GuardedApis> {
  const { issuer, database, clock } = issuing;
  const api = await resourceServer().register(issuing);
  const rules = { issuer, audience: issuer };
  const controllers = [TodosController];
  const time = clockModule(clock);
  const storage = PostgresStorageModule.forRoot({ url: database.url, poolSize: 2 });
  const introspection = {
    ...rules,
    check: 'introspection' as const,
    clientId: api.id,
    clientSecret: api.secret ?? '',
    introspectionEndpoint: `${introspector.url}/connect/introspect`,
    introspectionCache: 0,
  };
  const apis = {
    signature: await startApi('Fastify', { imports: [time, ValidationModule.forRoot(rules)], controllers }, clock),
    entry: await startApi('Fastify', { imports: [storage, ValidationModule.forRoot({ ...rules, check: 'entry' })], controllers }, clock),
    introspection: await startApi('Fastify', { imports: [time, ValidationModule.forRoot(introspection)], controllers }, clock),
  };
  return { ...apis, close: async () => void (await Promise.all(Object.values(apis).map((each) => each.close()))) };
}

/** Status of a guarded route at each API. */
export async function statuses({ signature, entry, introspection }: GuardedApis, token: string): Promise<Record<string, number>> {
  const status = async (api: RunningApi): Promise<number> => (await api.get('/todos', token)).status;
  return { signature: await status(signature), entry: await status(entry), introspection: await status(introspection) };
}
