import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RAW_FORM } from '../../identity/pages/page-route.decorator.js';
import { ACCEPTED_CODINGS, isUncoded } from '../../protocol/content-coding.js';
import { isForm } from '../../protocol/form.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { requestPath } from '../../protocol/request-path.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { endpointsOf, metadataAddressOf, PATHS, type Endpoint } from './endpoint-table.js';
import { errorAnswer } from './error-answer.js';

const FORM = 'application/x-www-form-urlencoded';
/** Headers of an answer that scripts of a client may read beside those that all scripts may. Fetch §3.2.5 */
const EXPOSED = 'retry-after, www-authenticate';
/** Bytes of a form. */
const LARGEST_FORM = 65_536;

/**
 * What holds for a request before any controller sees it: the endpoint is on, the method and the content type are right, a form is not compressed,
 * not too large and reaches the controller as raw bytes, so that repeated and badly encoded parameters can be told. Answers in JSON as the
 * controllers' filter does.
 */
export function guardEndpoints(
  fastify: FastifyInstance,
  options: ResolvedIssuanceOptions,
  originAllowed: (origin: string) => Promise<boolean>,
): void {
  const endpoints = new Map(endpointsOf(options.issuer).map((endpoint) => [endpoint.path, endpoint]));
  // The route's own path where there is a route: an address can be spelled in several ways. Without one (another method) as a router reads it.
  const endpointOf = (request: FastifyRequest): Endpoint | undefined => endpoints.get(request.routeOptions.url ?? requestPath(request.url));

  // With a callback rather than a promise: most of what passes here needs nothing to be waited for.
  fastify.addHook('onRequest', (request, reply, next) => {
    const endpoint = endpointOf(request);
    if (!endpoint) return next();
    if (endpoint.page) return endpoint.enabled(options) || request.is404 ? next() : void reply.callNotFound();
    const refuse = (error: unknown): void => {
      const { status, headers, body } = errorAnswer(error);
      void reply.status(status).headers(headers).send(body);
    };
    try {
      if (!endpoint.enabled(options))
        throw new OAuthError({ code: 'invalid_request', description: 'There is no such endpoint.', status: 404 });
      if (isPreflight(request)) return void answerPreflight(endpoint, request, reply, originAllowed).catch(refuse);
      if (endpoint.cors === 'any') reply.header('access-control-allow-origin', '*');
      check(endpoint, request, reply);
    } catch (error) {
      return refuse(error);
    }
    next();
  });
  takeRawForms(fastify, (request) => RAW_FORM in (request.routeOptions.config ?? {}) || (endpointOf(request)?.form ?? false));
  answerEarlyErrors(fastify, (url) => endpoints.has(url) && !endpoints.get(url)?.page);
  answerAtPath(fastify, metadataAddressOf(options.issuer));
}

function check(endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply): void {
  if (!takes(endpoint, request.method)) {
    const allowed = endpoint.methods.flatMap((method) => (method === 'GET' && takes(endpoint, 'HEAD') ? ['GET', 'HEAD'] : [method]));
    reply.header('allow', allowed.join(', '));
    throw new OAuthError({ code: 'invalid_request', description: `Use ${endpoint.methods.join(' or ')}.`, status: 405 });
  }
  if (!endpoint.form || request.method !== 'POST') return;
  reply.header('cache-control', 'no-store');
  if (!isUncoded(request.headers['content-encoding'])) {
    reply.headers(ACCEPTED_CODINGS);
    throw new OAuthError({ code: 'invalid_request', description: 'The body must not be compressed.', status: 415 });
  }
  if (!isForm(request.headers['content-type'])) {
    throw new OAuthError({ code: 'invalid_request', description: `Send ${FORM}.` });
  }
}

const takes = ({ methods, head }: Endpoint, method: string): boolean =>
  (methods as readonly string[]).includes(method) || (method === 'HEAD' && head !== false && methods.includes('GET'));

/** Browsers ask before they send what a form could not. Credentials (cookies) are never allowed. */
async function answerPreflight(
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
  originAllowed: (origin: string) => Promise<boolean>,
): Promise<FastifyReply> {
  const origin = request.headers.origin ?? '';
  const allowed = endpoint.cors === 'any' || (endpoint.cors === 'client' && (await originAllowed(origin)));
  if (allowed) {
    reply.headers({
      'access-control-allow-origin': endpoint.cors === 'any' ? '*' : origin,
      'access-control-allow-methods': endpoint.methods.join(', '),
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '600',
    });
  }
  return reply.header('vary', 'Origin').status(204).send();
}

/** Replaces the host's parser of forms: ours keeps the bytes for our endpoints and parses for all other routes as the host would. */
function takeRawForms(fastify: FastifyInstance, isOurs: (request: FastifyRequest) => boolean): void {
  if (fastify.hasContentTypeParser(FORM)) fastify.removeContentTypeParser(FORM);
  fastify.addContentTypeParser<Buffer>(FORM, { parseAs: 'buffer' }, (request, body, done) => {
    done(null, isOurs(request) ? body : Object.fromEntries(new URLSearchParams(body.toString('utf8'))));
  });
}

/** What is refused before a controller (the body too large or cut off) the host would answer in its own form. Must come before the routes. */
function answerEarlyErrors(fastify: FastifyInstance, isOurs: (url: string) => boolean): void {
  fastify.addHook('onRoute', (route) => {
    if (!isOurs(route.url)) return;
    route.bodyLimit = LARGEST_FORM;
    route.errorHandler = (error, _request, reply) => {
      const { status, headers, body } = errorAnswer(error);
      return reply.status(status).headers(headers).send(body);
    };
  });
}

/** The metadata once more, at an address that only the options know. Must come before the routes. */
function answerAtPath(fastify: FastifyInstance, address: string | undefined): void {
  if (address === undefined) return;
  fastify.addHook('onRoute', (route) => {
    if (route.url === PATHS.authorizationServer && route.method === 'GET') fastify.route({ ...route, url: address });
  });
}

/** Sets the answer's CORS header for one client, once it is known who asks. */
export function allowOrigin(request: FastifyRequest, reply: FastifyReply, allowedOrigins: readonly string[]): void {
  const { origin } = request.headers;
  if (origin === undefined) return;
  reply.header('vary', 'Origin').removeHeader('access-control-allow-origin');
  if (allowedOrigins.includes(origin)) reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', EXPOSED);
}

const isPreflight = (request: FastifyRequest): boolean =>
  request.method === 'OPTIONS' && request.headers.origin !== undefined && request.headers['access-control-request-method'] !== undefined;
