import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AllowedOrigins } from '../allowed-origins.js';
import { apiRouteOf } from './api-route.decorator.js';
import { sendProblem } from './problem.filter.js';

/** Seconds a browser may remember a preflight's answer. */
const MAX_AGE = '600';

/**
 * CORS (Fetch §3.2) for the sign-in API: the built-in client's origins, for the actual request and its preflight. Never with credentials: no cookie
 * of ours means anything here. What is off without token storage has no preflight then. Must be called before the routes are registered.
 */
export function answerOtherOrigins(fastify: FastifyInstance, origins: AllowedOrigins, storage: boolean): void {
  const methodsOf = new Map<string, string[]>();
  fastify.addHook('onRoute', (route) => {
    const api = apiRouteOf(route);
    if (!api) return;
    route.onRequest = [...[route.onRequest ?? []].flat(), (request, reply) => allowOrigin(request, reply, origins)];
    if (api.needsStorage && !storage) return;
    const known = methodsOf.get(route.url);
    const methods = known ?? [];
    methods.push(...[route.method].flat());
    if (known) return;
    methodsOf.set(route.url, methods);
    fastify.route({
      method: 'OPTIONS',
      url: route.url,
      handler: (request, reply) => answerPreflight(request, reply, origins, methods.join(', ')),
      errorHandler: (error, _request, reply) => sendProblem(error, reply),
    });
  });
}

async function answerPreflight(
  request: FastifyRequest,
  reply: FastifyReply,
  origins: AllowedOrigins,
  methods: string,
): Promise<FastifyReply> {
  if (await allowOrigin(request, reply, origins)) {
    reply.headers({
      'access-control-allow-methods': methods,
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': MAX_AGE,
    });
  }
  return reply.header('allow', `${methods}, OPTIONS`).status(204).send();
}

/** Lets the page that asks read the answer, if its origin may. False: it may not, or no page asks. @throws StorageUnavailableError */
export async function allowOrigin(request: FastifyRequest, reply: FastifyReply, origins: AllowedOrigins): Promise<boolean> {
  const { origin } = request.headers;
  if (origin === undefined) return false;
  reply.header('vary', 'Origin');
  if (!(await origins.allows(origin))) return false;
  // An app should be able to tell when to come again.
  reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': 'retry-after, www-authenticate' });
  return true;
}
