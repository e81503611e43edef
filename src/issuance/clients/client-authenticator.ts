import { Injectable } from '@nestjs/common';
import { addressKey } from '../../identity/attempts/address-key.js';
import { AttemptLimiter } from '../../identity/attempts/attempt-limiter.js';
import { Clock } from '../../protocol/clock.js';
import { decodeFormComponent, type Parameters } from '../../protocol/form.js';
import { constantTimeEqual, sha256 } from '../../protocol/hashing.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { FailurePolicy } from '../../storage/failure.store.js';
import type { ClientAuthenticationMethod, ClientRecord } from '../../storage/client.store.js';
import { ClientDirectory } from './client-directory.js';

/** What of a request says who its client is. */
export interface ClientRequest {
  readonly authorization: string | undefined;
  readonly parameters: Parameters;
  readonly address: string;
}

interface Credentials {
  readonly method: ClientAuthenticationMethod;
  readonly id: string;
  readonly secret?: string;
}

/** Secrets have 256 bits: the count keeps noise down, it protects nothing that could be guessed. */
const POLICY: FailurePolicy = { free: 20, firstBlock: 5, longestBlock: 300, forgetAfter: 900 };
const LONGEST = 512;
/** Compared with when there is nothing to compare with, so that an unknown client takes the time of a known one. */
const NO_SECRET = Buffer.alloc(32);

/** Client authentication (RFC 6749 §2.3) for every endpoint: exactly the method registered for the client, or `invalid_client`. */
@Injectable()
export class ClientAuthenticator {
  constructor(
    private readonly clients: ClientDirectory,
    private readonly attempts: AttemptLimiter,
    private readonly clock: Clock,
  ) {}

  /** @throws OAuthError invalid_request, invalid_client; TooManyAttemptsError after many failures */
  async authenticate(request: ClientRequest): Promise<ClientRecord> {
    const credentials = readCredentials(request);
    const remembered = this.clients.remembered(credentials.id);
    if (remembered && this.proves(remembered, credentials)) return remembered;
    // Its secret or method may have changed within the last seconds. Whether or not there is such a client, a failure costs one reading.
    const client = await this.clients.read(credentials.id);
    if (this.proves(client, credentials)) return client;
    const keys = [`client:${credentials.id}`, `client-${addressKey(request.address)}`];
    await this.attempts.check(keys); // first: while it is blocked, no address makes further rows
    await this.attempts.fail(keys.map((key) => ({ key, policy: POLICY })));
    throw invalidClient(credentials.method);
  }

  private proves(client: ClientRecord | undefined, { method, secret }: Credentials): client is ClientRecord {
    const presented = sha256(secret ?? '');
    const now = this.clock.now();
    const live = (client?.secrets ?? []).filter(({ expiresAt }) => !expiresAt || expiresAt > now).map(({ hash }) => hash);
    // Always two comparisons, whatever the client has.
    const matches = [live[0] ?? NO_SECRET, live[1] ?? NO_SECRET].map((hash) => constantTimeEqual(hash, presented)).some(Boolean);
    if (!client || client.disabledAt || client.authenticationMethod !== method) return false;
    return method === 'none' ? true : matches;
  }
}

function readCredentials({ authorization, parameters }: ClientRequest): Credentials {
  const id = parameters.get('client_id');
  const secret = parameters.get('client_secret');
  if (authorization !== undefined) {
    if (secret !== undefined) throw invalidRequest('The client authenticated in two ways at once.'); // RFC 6749 §2.3
    const basic = readBasic(authorization);
    if (id !== undefined && id !== basic.id) throw invalidRequest('client_id is not that of the Authorization header.');
    return basic;
  }
  if (id === undefined) throw invalidClient();
  if (id.length > LONGEST || (secret?.length ?? 0) > LONGEST) throw invalidClient();
  return secret === undefined ? { method: 'none', id } : { method: 'client_secret_post', id, secret };
}

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
function readBasic(authorization: string): Credentials {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon === -1 || text.length > 2 * LONGEST || text.includes('\0')) throw invalidClient('client_secret_basic');
  try {
    const id = decodeFormComponent(text.slice(0, colon));
    const secret = decodeFormComponent(text.slice(colon + 1));
    if (id.includes('\0')) throw invalidClient('client_secret_basic');
    return { method: 'client_secret_basic', id, secret };
  } catch {
    throw invalidClient('client_secret_basic');
  }
}

const invalidRequest = (description: string): OAuthError => new OAuthError({ code: 'invalid_request', description });

/** RFC 6749 §5.2: 401 in any case; the challenge names the scheme if the header was used (see the error filter). */
const invalidClient = (method?: ClientAuthenticationMethod): OAuthError =>
  new OAuthError({
    code: 'invalid_client',
    description: 'Client authentication failed.',
    ...(method === 'client_secret_basic' && { challenge: 'Basic realm="countersign", charset="UTF-8"' }),
  });
