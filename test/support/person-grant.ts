import { Injectable } from '@nestjs/common';
import { ClientPolicy } from '../../src/issuance/clients/client-policy.js';
import { GrantHandler, type Grant } from '../../src/issuance/grants/grant.js';
import type { Parameters } from '../../src/protocol/form.js';
import type { ClientRecord } from '../../src/storage/client.store.js';

/** A grant type of an application's own: opens a grant for whoever is named, with what claims are named, as a trusted back office might. */
@Injectable()
export class PersonGrant extends GrantHandler {
  static readonly type = 'urn:example:person';
  override readonly grantType = PersonGrant.type;

  constructor(private readonly policy: ClientPolicy) {
    super();
  }

  override async handle(client: ClientRecord, parameters: Parameters): Promise<Grant> {
    const scopes = await this.policy.requestedScopes(client, parameters.get('scope'));
    return {
      kind: 'new-chain',
      subject: parameters.require('subject'),
      scopes,
      resources: await this.policy.audience(client, scopes, parameters.all('resource')),
      claims: JSON.parse(parameters.get('claims') ?? '{}') as Record<string, unknown>,
      refreshable: scopes.includes('offline_access'),
    };
  }
}
