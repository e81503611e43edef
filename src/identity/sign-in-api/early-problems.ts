import type { FastifyInstance } from 'fastify';
import { apiRouteOf } from './api-route.decorator.js';
import { sendProblem } from './problem.filter.js';

const BODY_LIMIT = 32 * 1024; // a self-contained refresh token and an access token fit several times

/**
 * Makes Fastify answer what it refuses before Nest sees the request (broken JSON, too large, unknown media type) like everything else here.
 * Must be called before the routes are registered.
 */
export function answerEarlyProblems(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (!apiRouteOf(route)) return;
    route.bodyLimit = BODY_LIMIT;
    route.errorHandler = (error, _request, reply) => sendProblem(error, reply);
  });
}
