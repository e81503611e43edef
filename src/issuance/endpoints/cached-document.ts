import type { FastifyReply, FastifyRequest } from 'fastify';
import { entityTag, isKnown } from '../../protocol/entity-tag.js';

/** Seconds a public document may be served from caches. Keys are published longer than that ahead of their use. */
export const DOCUMENT_MAX_AGE = 300;

interface Written {
  readonly parts: readonly object[];
  readonly text: string;
  readonly etag: string;
}

/** A public JSON document, written once for as long as it is made of the same objects. */
export class CachedDocument {
  private written: Written | undefined;

  /**
   * Sends it with its ETag, or 304 when the caller has it (RFC 9110 §13.1.2).
   * @param parts all that may change of it: another object each time it has changed
   */
  send(request: FastifyRequest, reply: FastifyReply, parts: readonly object[], make: () => object): void {
    const { text, etag } = this.writtenOf(parts, make);
    reply.headers({ etag, 'cache-control': `public, max-age=${DOCUMENT_MAX_AGE}` });
    if (isKnown(etag, request.headers['if-none-match'])) void reply.status(304).send();
    else void reply.type('application/json').send(text);
  }

  private writtenOf(parts: readonly object[], make: () => object): Written {
    const { written } = this;
    if (written?.parts.length === parts.length && parts.every((part, index) => part === written.parts[index])) return written;
    const text = JSON.stringify(make());
    return (this.written = { parts, text, etag: entityTag(text) });
  }
}
