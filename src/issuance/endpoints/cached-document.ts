import type { FastifyReply, FastifyRequest } from 'fastify';
import { entityTag, isKnown } from '../../protocol/entity-tag.js';

/** Seconds a public document may be served from caches. Keys are published longer than that ahead of their use. */
export const DOCUMENT_MAX_AGE = 300;

/** Sends a public JSON document with its ETag, or 304 when the caller has it (RFC 9110 §13.1.2). */
export function sendCached(request: FastifyRequest, reply: FastifyReply, document: object): void {
  const text = JSON.stringify(document);
  const etag = entityTag(text);
  reply.headers({ etag, 'cache-control': `public, max-age=${DOCUMENT_MAX_AGE}` });
  if (isKnown(etag, request.headers['if-none-match'])) void reply.status(304).send();
  else void reply.type('application/json').send(text);
}
