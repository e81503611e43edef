import type { FastifyRequest } from 'fastify';
import { parseForm, type Parameters } from '../../protocol/form.js';
import type { ClientRequest } from '../clients/client-authenticator.js';

const EMPTY = Buffer.alloc(0);

/** The parameters of a form endpoint. @throws OAuthError invalid_request */
export const formOf = (request: FastifyRequest): Parameters => parseForm(Buffer.isBuffer(request.body) ? request.body : EMPTY);

/** The parameters in the query of an endpoint that people are sent to. @throws OAuthError invalid_request */
export function queryOf({ url }: FastifyRequest): Parameters {
  const start = url.indexOf('?');
  return parseForm(start === -1 ? EMPTY : Buffer.from(url.slice(start + 1), 'latin1')); // as the bytes came
}

export const clientRequest = (request: FastifyRequest, parameters: Parameters): ClientRequest => ({
  authorization: request.headers.authorization,
  parameters,
  address: request.ip,
});
