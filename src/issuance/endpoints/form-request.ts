import type { FastifyRequest } from 'fastify';
import { parseForm, type Parameters } from '../../protocol/form.js';
import type { ClientRequest } from '../clients/client-authenticator.js';
import type { RequestOrigin } from '../grants/grant.js';

const EMPTY = Buffer.alloc(0);

/** The parameters of a form endpoint. @throws OAuthError invalid_request */
export const formOf = (request: FastifyRequest): Parameters => parseForm(Buffer.isBuffer(request.body) ? request.body : EMPTY);

export const clientRequest = (request: FastifyRequest, parameters: Parameters): ClientRequest => ({
  authorization: request.headers.authorization,
  parameters,
  address: request.ip,
});

const LONGEST_USER_AGENT = 512;

export const originOf = ({ ip, headers }: FastifyRequest): RequestOrigin => ({
  address: ip,
  ...(headers['user-agent'] !== undefined && { userAgent: headers['user-agent'].slice(0, LONGEST_USER_AGENT) }),
});
