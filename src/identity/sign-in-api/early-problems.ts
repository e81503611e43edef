import type { AbstractHttpAdapter } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import { API_ROUTE } from './api-route.decorator.js';
import { sendProblem } from './problem.filter.js';

const BODY_LIMIT = 32 * 1024; // a self-contained refresh token and an access token fit several times

/**
 * Makes Fastify answer what it refuses before Nest sees the request (broken JSON, too large, unknown media type) like everything else here.
 * Must be called before the routes are registered.
 */
export function answerEarlyProblems(adapter: AbstractHttpAdapter): void {
  if (adapter.getType() !== 'fastify') throw new Error('The sign-in API needs @nestjs/platform-fastify.');
  const fastify = (adapter as unknown as FastifyAdapter).getInstance();
  fastify.addHook('onRoute', (route) => {
    if (!(API_ROUTE in (route.config ?? {}))) return;
    route.bodyLimit = BODY_LIMIT;
    route.errorHandler = (error, _request, reply) => sendProblem(error, reply);
  });
}
