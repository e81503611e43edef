import { Injectable } from '@nestjs/common';
import { addressKey } from '../../identity/attempts/address-key.js';
import { AttemptLimiter } from '../../identity/attempts/attempt-limiter.js';
import { Clock } from '../../protocol/clock.js';
import type { FailurePolicy } from '../../storage/failure.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { invalidClient } from './invalid-client.js';
import { ClientAssertions } from './client-assertions.js';
import { ClientDirectory } from './client-directory.js';
import { matchesSecret } from './client-secrets.js';
import { readCredentials, type ClientRequest, type Credentials } from './presented-credentials.js';

/** Secrets have 256 bits: the count keeps noise down, it protects nothing that could be guessed. */
const POLICY: FailurePolicy = { free: 20, firstBlock: 5, longestBlock: 300, forgetAfter: 900 };

/** Client authentication (RFC 6749 §2.3) for every endpoint: exactly the method registered for the client, or `invalid_client`. */
@Injectable()
export class ClientAuthenticator {
  constructor(
    private readonly clients: ClientDirectory,
    private readonly assertions: ClientAssertions,
    private readonly attempts: AttemptLimiter,
    private readonly clock: Clock,
  ) {}

  /** @throws OAuthError invalid_request, invalid_client; TooManyAttemptsError after many failures */
  async authenticate(request: ClientRequest): Promise<ClientRecord> {
    const credentials = readCredentials(request);
    const client = await this.proven(credentials, request.endpoint);
    // By its own secret or key, and often again: whoever waits to be enabled is not to be locked out when that happens.
    if (client?.disabledAt && credentials.method !== 'none') throw invalidClient(credentials.method);
    if (client && !client.disabledAt && (await this.spend(credentials))) return client;
    const keys = [`client:${credentials.id}`, `client-${addressKey(request.address)}`];
    await this.attempts.check(keys); // first: while it is blocked, no address makes further rows
    await this.attempts.fail(keys.map((key) => ({ key, policy: POLICY })));
    throw invalidClient(credentials.method);
  }

  /** The client whose credentials these are, disabled or not. */
  private async proven(credentials: Credentials, endpoint: string): Promise<ClientRecord | undefined> {
    const remembered = this.clients.remembered(credentials.id);
    if (remembered && !remembered.disabledAt && (await this.proves(remembered, credentials, endpoint))) return remembered;
    // Its secret, key or method may have changed within the last seconds. Whether or not there is such a client, a failure costs one reading.
    const client = await this.clients.read(credentials.id);
    return (await this.proves(client, credentials, endpoint)) ? client : undefined;
  }

  private async proves(client: ClientRecord | undefined, credentials: Credentials, endpoint: string): Promise<boolean> {
    const matches = 'secret' in credentials && matchesSecret(client, credentials.secret, this.clock.now());
    if (!client || client.authenticationMethod !== credentials.method) return false;
    if (credentials.method === 'none') return true;
    return credentials.method === 'private_key_jwt' ? this.assertions.prove(client, credentials.assertion, endpoint) : matches;
  }

  /** What may be presented only once is presented now. */
  private async spend(credentials: Credentials): Promise<boolean> {
    return credentials.method !== 'private_key_jwt' || this.assertions.spend(credentials.assertion);
  }
}
