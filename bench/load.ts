import { Agent, request } from 'node:http';

/** One request of a connection, and what its answer must be. */
export interface Shot {
  readonly path: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Throws when the answer is not what it must be. */
  readonly accept: (status: number, body: string) => void;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Sends for so many milliseconds on so many keep-alive connections; each asks `next(connection)` what to send. A wrong answer ends the run. */
export async function load(
  url: string,
  connections: number,
  milliseconds: number,
  next: (connection: number) => Shot,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  const begin = performance.now();
  const end = begin + milliseconds;
  const run = async (connection: number): Promise<void> => {
    while (performance.now() < end) {
      const sent = performance.now();
      await fire(url, agent, next(connection));
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, connection) => run(connection)));
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { requests: latencies.length, seconds: (performance.now() - begin) / 1000, p50: at(0.5), p99: at(0.99) };
}

function fire(url: string, agent: Agent, shot: Shot): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url + shot.path, { agent, method: shot.method ?? 'POST', headers: shot.headers }, (incoming) => {
      const parts: Buffer[] = [];
      incoming.on('data', (part: Buffer) => parts.push(part));
      incoming.on('end', () => {
        try {
          shot.accept(incoming.statusCode ?? 0, Buffer.concat(parts).toString());
          resolve();
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    outgoing.on('error', reject);
    outgoing.end(shot.body);
  });
}

/** Throws unless the answer is 200 and its JSON has what is asked. Returns the JSON. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the body is what the server says
export function expectJson(status: number, body: string, holds: (json: any) => boolean): any {
  const json: unknown = JSON.parse(body);
  if (status !== 200 || !holds(json)) throw new Error(`wrong answer: ${status} ${body.slice(0, 200)}`);
  return json;
}
