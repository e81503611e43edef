import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';

/** What Fastify and Express have in common: Node's own request and response. */
export interface NodePair {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Fastify wraps Node's objects, Express extends them. */
const raw = <T>(wrapper: { readonly raw?: T } & object): T => wrapper.raw ?? (wrapper as T);

/** @throws Error: it is no HTTP request, and has no session; for the developer */
export function nodePair(context: ExecutionContext): NodePair {
  if (context.getType() !== 'http') {
    const place = `${context.getClass().name}.${context.getHandler().name}`;
    throw new Error(
      `${place}: only HTTP requests have sessions. For a socket, ask once, with its handshake: Sessions.fromUpgrade(request).`,
    );
  }
  const http = context.switchToHttp();
  return nodePairOf(http.getRequest<object>(), http.getResponse<object>());
}

export const nodePairOf = (request: object, response: object): NodePair => ({
  request: raw<IncomingMessage>(request),
  response: raw<ServerResponse>(response),
});
