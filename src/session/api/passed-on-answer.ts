import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { answerHeaders } from './passed-on-headers.js';

/** What Fastify's reply has, and Express's has not. */
interface FastifyReply {
  hijack?(): void;
  getHeaders?(): OutgoingHttpHeaders;
}

/** Takes a reply out of the framework's hands. Headers that were set there already, such as those for security, stay. */
export function takeOver(reply: object, response: ServerResponse): void {
  const fastify: FastifyReply = reply === response ? {} : reply;
  for (const [name, value] of Object.entries(fastify.getHeaders?.() ?? {})) if (value !== undefined) response.setHeader(name, value);
  fastify.hijack?.();
}

/** Sends an API's answer to the browser as it comes in. One that breaks off does so for the browser, too. */
export async function sendAnswer(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(answer.statusCode ?? 502, answerHeaders(answer));
  response.flushHeaders();
  await pipeline(answer, response).catch(() => undefined);
}
