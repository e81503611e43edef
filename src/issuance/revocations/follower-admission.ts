import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { EntryType } from '../../protocol/entry-key.js';
import { readBearerToken } from '../../validation/bearer-token.js';
import { Principal } from '../../validation/principal.js';
import { FEED_SCOPE } from '../../protocol/scope.js';
import { insufficientScope, invalidToken, malformedBearer } from '../endpoints/bearer-errors.js';
import { TokenReader } from '../tokens/token-reader.js';
import type { Follower } from './follower.js';

/**
 * Who may follow: a client by itself (client_credentials) whose token has the scope. What the feed tells is nobody's in particular, so that no person
 * can grant it to an app, and a token that an app got from one does not open it, whatever its scopes.
 */
@Injectable()
export class FollowerAdmission {
  constructor(private readonly reader: TokenReader) {}

  /** Undefined: no token was sent. @throws OAuthError as RFC 6750 §3.1 has it; StorageUnavailableError */
  async admit(request: FastifyRequest): Promise<Follower | undefined> {
    const bearer = readBearerToken(request);
    if (bearer.kind === 'malformed') throw malformedBearer();
    if (bearer.kind === 'none') return undefined;
    const asked = performance.now();
    const active = await this.reader.read(bearer.token);
    const principal = active?.type === EntryType.accessToken ? Principal.fromClaims({ ...active.claims }) : undefined;
    if (!principal) throw invalidToken('The access token is expired, revoked or malformed.');
    if (principal.subject !== undefined || !principal.scopes.includes(FEED_SCOPE))
      throw insufficientScope(FEED_SCOPE, 'The access token is not that of a client by itself (client_credentials) with this scope.');
    return { principal, token: bearer.token, asked, ...(active?.kid !== undefined && { kid: active.kid }) };
  }

  /** Whether the token still lives, by its entry. @throws StorageUnavailableError */
  async isLive(follower: Follower): Promise<boolean> {
    const asked = performance.now();
    const live = (await this.reader.read(follower.token)) !== undefined;
    if (live) follower.asked = asked;
    return live;
  }
}
