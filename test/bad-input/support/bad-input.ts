import type { RawAnswer, RawRequest } from '../../support/exchange.js';
import { exchange } from '../../support/exchange.js';
import { confidentialClient, type TestClient } from '../../support/clients.js';
import { DatabaseRows } from '../../support/database-rows.js';
import { ProtocolClient, signUp } from '../../support/protocol-client.js';
import { startService, type TestService, type TestServiceOptions } from '../../support/service-app.js';

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** RFC 6749 §2.3.1. */
export const basic = ({ id, secret = '' }: TestClient): string =>
  `Basic ${Buffer.from([id, secret].map(encodeURIComponent).join(':')).toString('base64')}`;

/** A service with something to lose: a confidential and a public client, a person's session and a machine's token, in both formats. */
export interface BadInput {
  readonly service: TestService;
  readonly rows: DatabaseRows;
  /** May use every endpoint, by Basic. */
  readonly machine: TestClient;
  /** Tokens of the machine and of a person's session under the built-in client. */
  readonly tokens: { readonly machineJwt: string; readonly machineReference: string; readonly personJwt: string; readonly refresh: string };
  send(request: RawRequest): Promise<RawAnswer>;
  /** Checks that nothing changes in the database, but for the count of failures. */
  unchanged<T>(work: () => Promise<T>): Promise<T>;
  /** Both. */
  refused(request: RawRequest): Promise<RawAnswer>;
  close(): Promise<void>;
}

export async function startBadInput(options: TestServiceOptions = {}): Promise<BadInput> {
  const service = await startService(options);
  const rows = await DatabaseRows.open(service.database.url);
  const machine = await confidentialClient().withScopes('todos:read').register(service);
  const byReference = await confidentialClient().withSettings({ referenceAccessTokens: true }).register(service);
  const issue = async (client: TestClient): Promise<string> =>
    (await new ProtocolClient(service.url, client).token({ grant_type: 'client_credentials' })).body.access_token;
  const person = await signUp(service.url);
  const tokens = {
    machineJwt: await issue(machine),
    machineReference: await issue(byReference),
    personJwt: person.accessToken,
    refresh: person.refreshToken,
  };
  const send = (request: RawRequest): Promise<RawAnswer> => exchange(service.url, request);
  const unchanged = async <T>(work: () => Promise<T>): Promise<T> => {
    await rows.forgetFailures();
    const before = await rows.all();
    const result = await work();
    expect(await rows.all()).toEqual(before);
    return result;
  };
  return {
    service,
    rows,
    machine,
    tokens,
    send,
    unchanged,
    refused: (request) => unchanged(() => send(request)),
    close: async () => {
      await rows.close();
      await service.close();
    },
  };
}

/** An answer as RFC 6749 §5.2 wants it: JSON, not to be cached, nothing internal in it. */
export function expectOAuthError({ status, headers, body, text }: RawAnswer, expectedStatus: number, error: string): void {
  expect([status, body?.error]).toEqual([expectedStatus, error]);
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(Object.keys(body).filter((name) => name !== 'error' && name !== 'error_description')).toEqual([]);
  // RFC 6749 §5.2: of these characters only.
  if (body.error_description !== undefined) expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/);
  expect(text).not.toMatch(/FST_|Error:|node_modules|statusCode|\\n|    at /);
}
