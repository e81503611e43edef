import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { KeyRing } from '../keys/key-ring.js';
import { CachedDocument } from './cached-document.js';
import { PATHS } from './endpoint-table.js';

/** JWK Set (RFC 7517 §5): keys in use, those published ahead and those retired. */
@Controller()
export class JwksController {
  private readonly document = new CachedDocument();

  constructor(private readonly keys: KeyRing) {}

  @Get(PATHS.jwks)
  jwks(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const keys = this.keys.publicJwks();
    this.document.send(request, reply, keys, () => ({ keys }));
  }
}
