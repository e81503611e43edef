import { Injectable } from '@nestjs/common';
import { AllowedOrigins } from '../../identity/allowed-origins.js';
import { ClientDirectory } from '../clients/client-directory.js';
import { FirstPartyClient } from './first-party-client.js';

/** The sign-in API may be called from the built-in client's origins, and from no other client's. */
@Injectable()
export class FirstPartyOrigins extends AllowedOrigins {
  constructor(
    private readonly clients: ClientDirectory,
    private readonly firstParty: FirstPartyClient,
  ) {
    super();
  }

  override async allows(origin: string): Promise<boolean> {
    const client = await this.clients.find(this.firstParty.id);
    return client !== undefined && !client.disabledAt && client.allowedOrigins.includes(origin);
  }
}
