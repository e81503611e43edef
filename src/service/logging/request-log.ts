import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from './log.js';
import { requestContext } from './request-context.js';

const HEADER = 'x-request-id';
/** An id that a proxy gave. Anything else could forge log lines, or be a secret in the wrong header: one of ours would be short enough. */
const ACCEPTED_ID = /^(?!cs_[a-z]{2}_)[A-Za-z0-9_-]{8,64}$/;

/** The caller's id of the request if it is of a form that does no harm, else a new one. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers[HEADER];
  return typeof given === 'string' && ACCEPTED_ID.test(given) ? given : randomUUID();
}

/**
 * One line for each request when it has been answered, and its id in every line in between and in the answer. The path is the route's pattern, as
 * declared: what callers make up may hold a token, and so may a query string. Must be called before other hooks are added.
 */
export function logRequests(fastify: FastifyInstance, log: Log): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header(HEADER, request.id);
    requestContext.run({ requestId: request.id }, done);
  });
  // Reading the body goes on in the socket's own asynchronous context.
  fastify.addHook('preValidation', (request, _reply, done) => requestContext.run({ requestId: request.id }, done));
  fastify.addHook('onResponse', (request, reply, done) => {
    log.info({
      context: 'Request',
      requestId: request.id,
      method: request.method,
      route: request.is404 ? null : (request.routeOptions.url ?? null),
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      remoteAddress: request.ip,
      msg: 'Answered',
    });
    done();
  });
  fastify.addHook('onRequestAbort', (request, done) => {
    log.info({
      context: 'Request',
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? null,
      msg: 'The caller hung up',
    });
    done();
  });
}

/** Answers a request whose path cannot be decoded: it passes no hook. */
export function refuseUnreadable(request: FastifyRequest, reply: FastifyReply, log: Log): void {
  const { id: requestId, method, ip: remoteAddress } = request;
  log.info({ context: 'Request', requestId, method, route: null, status: 400, remoteAddress, msg: 'Answered' });
  void reply
    .status(400)
    .headers({ [HEADER]: requestId, 'cache-control': 'no-store' })
    .send({ error: 'invalid_request' });
}
