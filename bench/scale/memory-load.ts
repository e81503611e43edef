import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LoadClient {
  readonly id: string;
  readonly secret: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * A steady mixture: each connection issues by client_credentials, introspects what it got, refreshes its chain, introspects the new access token, and
 * revokes both. So many requests a second in all; one that is late is not made up for.
 */
export class SteadyLoad {
  requests = 0;
  private going = true;
  private readonly agent: Agent;
  private readonly work: Promise<unknown>;

  constructor(
    private readonly url: string,
    private readonly client: LoadClient,
    /** One chain, and connection, each. */
    refreshTokens: readonly string[],
    perSecond: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: refreshTokens.length });
    const pause = (1000 * refreshTokens.length) / perSecond;
    this.work = Promise.all(refreshTokens.map((token, index) => this.connection(token, pause, (pause * index) / refreshTokens.length)));
  }

  /** Rejects when an answer was not what it must be. */
  async stop(): Promise<void> {
    this.going = false;
    await this.work;
    this.agent.destroy();
  }

  /** Rejects as soon as an answer is wrong; never resolves while the load goes on. */
  get failure(): Promise<unknown> {
    return this.work;
  }

  private async connection(firstRefreshToken: string, pause: number, delay: number): Promise<void> {
    let refreshToken = firstRefreshToken;
    let due = performance.now() + delay;
    const turn = async (): Promise<void> => {
      await sleep(Math.max(0, due - performance.now()));
      due = Math.max(due + pause, performance.now());
    };
    while (this.going) {
      await turn();
      const issued = await this.post('/connect/token', { grant_type: 'client_credentials' }, 'access_token');
      await turn();
      await this.post('/connect/introspect', { token: String(issued['access_token']) }, 'active');
      await turn();
      const refreshed = await this.post('/connect/token', { grant_type: 'refresh_token', refresh_token: refreshToken }, 'refresh_token');
      refreshToken = String(refreshed['refresh_token']);
      await turn();
      await this.post('/connect/introspect', { token: String(refreshed['access_token']) }, 'active');
      for (const token of [issued, refreshed]) {
        await turn();
        await this.post('/connect/revoke', { token: String(token['access_token']) });
      }
    }
  }

  /** @throws Error unless the answer is 200 and has the property, and not false */
  private async post(path: string, form: Record<string, string>, property?: string): Promise<Json> {
    const body = new URLSearchParams({ ...form, client_id: this.client.id, client_secret: this.client.secret }).toString();
    const { status, text } = await send(this.agent, this.url + path, body);
    const json = (text === '' ? {} : JSON.parse(text)) as Json;
    if (status !== 200 || (property !== undefined && !json[property])) throw new Error(`${path} answered ${status} ${text.slice(0, 200)}`);
    this.requests++;
    return json;
  }
}

function send(agent: Agent, url: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(url, { agent, method: 'POST', headers }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('error', reject);
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
