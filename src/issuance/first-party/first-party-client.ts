import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { ClientStore, type ClientRecord } from '../../storage/client.store.js';
import { ClientDirectory } from '../clients/client-directory.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';

/** The built-in client under which the sign-in API issues. Public: the app holds no secret. An operator may change it like any other. */
@Injectable()
export class FirstPartyClient {
  constructor(
    private readonly clients: ClientDirectory,
    private readonly store: ClientStore,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  get id(): string {
    return this.options.firstPartyClient;
  }

  /** Makes it unless it is there. */
  async ensure(): Promise<void> {
    if (await this.store.find(this.id)) return;
    const permissions = {
      endpoints: ['token', 'revocation'],
      grantTypes: ['refresh_token'],
      scopes: this.options.firstPartyScopes,
      resources: [],
    } as const;
    const uris = { redirectUris: [], postLogoutRedirectUris: [], allowedOrigins: [] };
    const client = {
      id: this.id,
      displayName: 'First-party app',
      type: 'public',
      authenticationMethod: 'none',
      permissions,
      settings: {},
      ...uris,
    } as const;
    await this.store.insert(client, this.clock.now());
  }

  /** Undefined: it was removed. @throws StorageUnavailableError */
  find(): Promise<ClientRecord | undefined> {
    return this.clients.find(this.id);
  }

  /** At this moment: past the records that are remembered. @throws StorageUnavailableError */
  async isEnabled(): Promise<boolean> {
    const client = await this.clients.read(this.id);
    return client !== undefined && !client.disabledAt;
  }
}
