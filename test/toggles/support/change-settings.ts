import { ClientStore, type ClientSettings } from '../../../src/storage/client.store.js';
import { seeChanges } from '../../support/configuration.js';
import type { TestService } from '../../support/service-app.js';

/** As an operator would; other instances follow within a second. */
export async function changeSettings(service: TestService, id: string, settings: ClientSettings): Promise<void> {
  const store = service.get(ClientStore);
  const client = await store.find(id);
  if (!client) throw new Error(`there is no client ${id}`);
  await store.update({ ...client, settings }, service.clock.now());
  await seeChanges(service);
}
