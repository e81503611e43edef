import * as answers from '../load/answers.js';
import { load } from '../load/load.js';
import { formText } from '../load/request-text.js';
import { connectAll } from './connect.js';
import type { Server } from './server.js';

const CONNECTIONS = 16;

/** So many access tokens, issued to a client by client_credentials. */
export async function harvest(server: Server, format: answers.TokenFormat, count: number): Promise<string[]> {
  const accept = answers.token(format);
  const tokens: string[] = [];
  const request = formText(await server.process.offer(`issue, ${format}`, CONNECTIONS));
  const shot = { request, accept: (status: number, body: string) => void tokens.push(String(accept(status, body)['access_token'])) };
  const connections = await connectAll(server.process.port, CONNECTIONS);
  let sent = 0;
  await load(connections, Infinity, () => (sent++ < count ? shot : undefined));
  for (const connection of connections) connection.close();
  return tokens;
}
