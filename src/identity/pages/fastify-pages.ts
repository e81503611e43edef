import { MethodNotAllowedException, UnsupportedMediaTypeException } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ACCEPTED_CODINGS, isUncoded } from '../../protocol/content-coding.js';
import { isForm } from '../../protocol/form.js';
import { requestPath } from '../../protocol/request-path.js';
import type { PageErrors } from './page-errors.js';
import { PAGE_ROUTE } from './page-route.decorator.js';
import type { SwitchedOffPages } from './switched-off-pages.js';

/** Bytes of a form: none of ours asks for much. */
const LARGEST_FORM = 65_536;

/**
 * What holds for a page before any controller sees the request: pages are on, the method and the form's content type are right, it is not compressed and
 * not too large. Answers as a page. Must be called before the routes are registered.
 */
export function guardPages(fastify: FastifyInstance, errors: PageErrors, off: SwitchedOffPages, enabled: boolean): void {
  const methodsOf = new Map<string, string[]>();
  fastify.addHook('onRoute', (route) => {
    if (!(PAGE_ROUTE in (route.config ?? {}))) return;
    methodsOf.set(route.url, [...(methodsOf.get(route.url) ?? []), ...[route.method].flat()]);
    route.bodyLimit = LARGEST_FORM;
    route.onRequest = [...[route.onRequest ?? []].flat(), (request, reply) => admit(request, reply, errors, enabled)];
    route.errorHandler = (error, request, reply) => errors.answer(error, request, reply);
  });
  fastify.addHook('onRequest', async (request, reply) => {
    if (!enabled || !request.is404) return undefined;
    const path = requestPath(request.url);
    const methods = methodsOf.get(path);
    if (!methods || off.has(path)) return undefined;
    reply.header('allow', [...new Set(methods)].join(', '));
    await errors.answer(new MethodNotAllowedException(), request, reply);
    return reply;
  });
}

async function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  errors: PageErrors,
  enabled: boolean,
): Promise<FastifyReply | undefined> {
  if (!enabled) {
    reply.callNotFound(); // like any address where there is nothing
    return reply;
  }
  if (request.method !== 'POST') return undefined;
  const uncoded = isUncoded(request.headers['content-encoding']);
  if (uncoded && isForm(request.headers['content-type'])) return undefined;
  if (!uncoded) reply.headers(ACCEPTED_CODINGS);
  await errors.answer(new UnsupportedMediaTypeException(), request, reply);
  return reply;
}
