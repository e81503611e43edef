import type { FastifyRequest } from 'fastify';
import { parseForm, type Parameters } from '../../protocol/form.js';
import type { ClientRequest } from '../clients/presented-credentials.js';
import type { RequestOrigin } from '../grants/grant.js';

const EMPTY = Buffer.alloc(0);

/** The parameters of a form endpoint. @throws OAuthError invalid_request */
export const formOf = (request: FastifyRequest): Parameters => parseForm(bodyOf(request));

/** The form as it was sent. */
export const bodyOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : EMPTY);

/** The parameters in the query of an endpoint that people are sent to. @throws OAuthError invalid_request */
export const queryOf = (request: FastifyRequest): Parameters => parseForm(queryBytesOf(request));

/** The query as it was sent: Node reads its bytes as Latin 1. */
export function queryBytesOf({ url }: FastifyRequest): Buffer {
  const start = url.indexOf('?');
  return start === -1 ? EMPTY : Buffer.from(url.slice(start + 1), 'latin1');
}

export const clientRequest = (request: FastifyRequest, parameters: Parameters): ClientRequest => ({
  authorization: request.headers.authorization,
  parameters,
  address: request.ip,
  endpoint: request.routeOptions.url ?? '',
});

const LONGEST_USER_AGENT = 512;

export const originOf = ({ ip, headers }: FastifyRequest): RequestOrigin => ({
  address: ip,
  ...(headers['user-agent'] !== undefined && { userAgent: headers['user-agent'].slice(0, LONGEST_USER_AGENT) }),
});
