import type { FastifyInstance } from 'fastify';
import { requestPath } from '../../protocol/request-path.js';
import type { AllowedOrigins } from '../allowed-origins.js';
import { apiRouteOf } from './api-route.decorator.js';
import { allowOrigin } from './other-origins.js';
import { sendProblem } from './problem.filter.js';
import { Problem } from './problem.js';

/** A path that answers, and the methods it answers to. */
interface KnownPath {
  readonly segments: readonly string[];
  readonly methods: string[];
}

/**
 * Answers 405 where the path is one of ours and the method is not (RFC 9110 §15.5.6); the host has no route there and would answer 404. What is off
 * without token storage is no path of ours then. Must be called before the routes are registered.
 */
export function refuseOtherMethods(fastify: FastifyInstance, origins: AllowedOrigins, storage: boolean): void {
  const paths = new Map<string, KnownPath>();
  fastify.addHook('onRoute', (route) => {
    const api = apiRouteOf(route);
    if (!api || (api.needsStorage && !storage)) return;
    const path = paths.get(route.url) ?? { segments: route.url.split('/'), methods: [] };
    path.methods.push(...[route.method].flat());
    paths.set(route.url, path);
  });
  fastify.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return undefined;
    const segments = requestPath(request.url).split('/');
    const path = [...paths.values()].find((known) => matches(known.segments, segments));
    if (!path) return undefined;
    try {
      await allowOrigin(request, reply, origins);
      sendProblem(new Problem('method-not-allowed', { headers: { Allow: [...path.methods, 'OPTIONS'].join(', ') } }), reply);
    } catch (error) {
      sendProblem(error, reply);
    }
    return reply;
  });
}

const matches = (pattern: readonly string[], segments: readonly string[]): boolean =>
  pattern.length === segments.length && pattern.every((part, at) => (part.startsWith(':') ? segments[at] !== '' : segments[at] === part));
