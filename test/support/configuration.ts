import { ConfigurationWatch } from '../../src/issuance/configuration/configuration-watch.js';
import type { TestService } from './service-app.js';

type Provider = Pick<TestService, 'get'>;

/** Has instances look at once what of the configuration was changed, as each of them does every second. */
export async function seeChanges(...services: readonly Provider[]): Promise<void> {
  await Promise.all(services.map((service) => watchOf(service)?.look()));
}

/** Stores without a service have none. */
function watchOf(service: Provider): ConfigurationWatch | undefined {
  try {
    return service.get(ConfigurationWatch);
  } catch {
    return undefined;
  }
}
