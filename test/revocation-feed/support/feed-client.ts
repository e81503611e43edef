import { confidentialClient, type ClientBuilder, type TestClient } from '../../support/clients.js';
import { ProtocolClient, type Answer } from '../../support/protocol-client.js';
import type { TestService } from '../../support/service-app.js';
import { EventStream } from './event-stream.js';

export const FEED = '/connect/revocations';
export const SNAPSHOT = `${FEED}/snapshot`;
export const SCOPE = 'revocations:read';

/** A client that may follow, and what it asks one instance. */
export class FeedClient {
  private constructor(
    readonly client: TestClient,
    readonly token: string,
    private readonly url: string,
  ) {}

  static async at(service: TestService, builder: ClientBuilder = confidentialClient()): Promise<FeedClient> {
    const client = await builder.withScopes(SCOPE).register(service);
    return new FeedClient(client, await tokenOf(service, client), service.url);
  }

  /** The same client and token, another instance. */
  beside({ url }: Pick<TestService, 'url'>): FeedClient {
    return new FeedClient(this.client, this.token, url);
  }

  /** The same client, another token. */
  with(token: string): FeedClient {
    return new FeedClient(this.client, token, this.url);
  }

  snapshot(): Promise<Answer> {
    return this.ask(SNAPSHOT);
  }

  async cursor(): Promise<string> {
    return (await this.snapshot()).body.cursor;
  }

  /** @param wait seconds */
  part(after: string, wait = 0): Promise<Answer> {
    return this.ask(`${FEED}?after=${after}&wait=${wait.toFixed(3)}`);
  }

  ask(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return new ProtocolClient(this.url).send(path, { headers: { ...this.bearer, ...headers } });
  }

  /** @param paused nothing is read until it is resumed */
  stream(cursor: string, { query = '', paused = false } = {}): Promise<EventStream> {
    return EventStream.open(this.url + FEED + query, { ...this.bearer, 'last-event-id': cursor }, { paused });
  }

  get bearer(): { readonly authorization: string } {
    return { authorization: `Bearer ${this.token}` };
  }
}

/** An access token of the client by itself. */
export async function tokenOf({ url }: Pick<TestService, 'url'>, client: TestClient, scope = SCOPE): Promise<string> {
  const { status, body } = await new ProtocolClient(url, client).token({ grant_type: 'client_credentials', scope });
  if (status !== 200) throw new Error(`The token endpoint answered ${status}: ${JSON.stringify(body)}`);
  return body.access_token;
}
