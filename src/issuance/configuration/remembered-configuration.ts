import { Injectable } from '@nestjs/common';
import { ClientDirectory } from '../clients/client-directory.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { KeyRing } from '../keys/key-ring.js';

const OF_CLIENT = 'client:';

/** Whatever of the configuration is held in memory. */
@Injectable()
export class RememberedConfiguration {
  constructor(
    private readonly clients: ClientDirectory,
    private readonly policy: ClientPolicy,
    private readonly keys: KeyRing,
  ) {}

  /** @param change ConfigurationChange, or a text that a later version has written. @throws StorageUnavailableError; Error on a wrong master key */
  async forget(change: string): Promise<void> {
    if (change.startsWith(OF_CLIENT)) this.clients.forget(change.slice(OF_CLIENT.length));
    else if (change === 'scopes') this.policy.forgetScopes();
    else if (change === 'keys') await this.keys.renew();
    else await this.forgetAll();
  }

  /** The same for anything. */
  async forgetAll(): Promise<void> {
    this.clients.forgetAll();
    this.policy.forgetScopes();
    await this.keys.renew();
  }
}
