import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ACCEPTED_CODINGS, isUncoded } from '../../protocol/content-coding.js';
import { apiRouteOf } from './api-route.decorator.js';
import { sendProblem } from './problem.filter.js';
import { Problem } from './problem.js';

const BODY_LIMIT = 32 * 1024; // a self-contained refresh token and an access token fit several times

/**
 * Makes Fastify answer what it refuses before Nest sees the request (broken JSON, too large, unknown media type) like everything else here,
 * and a compressed body, which Fastify would read as if it were none.
 * Must be called before the routes are registered.
 */
export function answerEarlyProblems(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (!apiRouteOf(route)) return;
    route.bodyLimit = BODY_LIMIT;
    route.preParsing = [...[route.preParsing ?? []].flat(), refuseCodings];
    route.errorHandler = (error, _request, reply) => sendProblem(error, reply);
  });
}

async function refuseCodings({ method, headers }: FastifyRequest): Promise<void> {
  const bodiless = method === 'GET' || method === 'HEAD';
  if (bodiless || isUncoded(headers['content-encoding'])) return;
  throw new Problem('unsupported-media-type', { detail: 'The body must not be compressed.', headers: ACCEPTED_CODINGS });
}
