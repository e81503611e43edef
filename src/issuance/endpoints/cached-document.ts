import type { FastifyReply, FastifyRequest } from 'fastify';
import { sha256 } from '../../protocol/hashing.js';

/** Seconds a public document may be served from caches. Keys are published a day ahead of their use. */
const MAX_AGE = 300;

/** Sends a public JSON document with its ETag, or 304 when the caller has it (RFC 9110 §13.1.2). */
export function sendCached(request: FastifyRequest, reply: FastifyReply, document: object): void {
  const text = JSON.stringify(document);
  const etag = `"${sha256(text).toString('base64url')}"`;
  reply.headers({ etag, 'cache-control': `public, max-age=${MAX_AGE}` });
  const known = (request.headers['if-none-match'] ?? '').split(',').map((candidate) => candidate.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) void reply.status(304).send();
  else void reply.type('application/json').send(text);
}
