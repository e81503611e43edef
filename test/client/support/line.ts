import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request that renews tokens. `lose`: it arrives, and its answer does not. */
export type Fate = 'arrive' | 'refused' | 'black-hole' | '503' | 'html' | 'lose';

type Address = Parameters<typeof fetch>[0];

/** The way to the service: counts refreshes and ends of sessions, and can fail for refreshes. */
export class Line {
  fate: Fate = 'arrive';
  /** Seconds that a 503 asks for. */
  retryAfter: number | undefined;
  refreshes = 0;
  ends = 0;
  /** Refreshes whose answers have come; `hold` may keep them. */
  answered = 0;
  /** Resolves before an answer to a refresh is handed over. */
  hold: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly faulty: Server,
    private readonly faultyUrl: string,
  ) {}

  static async open(): Promise<Line> {
    const server = createServer((request, response) => {
      request.resume();
      if (line.fate === '503') {
        const asked = line.retryAfter === undefined ? {} : { 'retry-after': String(line.retryAfter) };
        response.writeHead(503, asked).end('{}');
      }
      if (line.fate === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Wi-Fi of the hotel</h1>');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const line = new Line(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return line;
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const path = new URL(String(input)).pathname;
    if (/\/(logout|revoke)$/.test(path)) this.ends++;
    if (!/\/(refresh|token)$/.test(path)) return fetch(input, init);
    this.refreshes++;
    const answer = await fetch(this.way(input), init);
    if (this.fate === 'lose') {
      await answer.text();
      throw new TypeError('fetch failed');
    }
    this.answered++;
    await this.hold;
    return answer;
  };

  private way(input: Address): Address {
    if (this.fate === 'arrive' || this.fate === 'lose') return input;
    return this.fate === 'refused' ? 'http://127.0.0.1:1/' : this.faultyUrl;
  }

  async close(): Promise<void> {
    this.faulty.closeAllConnections();
    this.faulty.close();
    await once(this.faulty, 'close');
  }
}
