import { TokenIssuer } from '../../../src/issuance/tokens/token-issuer.js';
import { ClientDirectory } from '../../../src/issuance/clients/client-directory.js';
import { confidentialClient, publicClient } from '../../support/clients.js';
import { ProtocolClient } from '../../support/protocol-client.js';
import type { TestService } from '../../support/service-app.js';

export interface PairOfApp {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Tokens of this person under a client that is not the built-in one: a connected app, as the authorization endpoint will make it. */
export async function connectedApp(service: TestService, subject: string): Promise<PairOfApp> {
  const { id } = await publicClient().register(service);
  const client = await service.get(ClientDirectory).find(id);
  if (!client) throw new Error('the client was not registered');
  const tokens = await service
    .get(TokenIssuer)
    .issue(client, { kind: 'new-chain', subject, scopes: [], resources: [service.issuer], claims: {}, refreshable: true });
  return { accessToken: tokens.accessToken, refreshToken: tokens.refreshToken ?? '' };
}

/** An access token of a client by itself. */
export async function machineToken(service: TestService): Promise<string> {
  const client = await confidentialClient().register(service);
  const { body } = await new ProtocolClient(service.url, client).token({ grant_type: 'client_credentials' });
  return body.access_token;
}
