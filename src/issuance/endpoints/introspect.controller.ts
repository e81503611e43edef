import { Controller, HttpCode, Post, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { prefers } from '../../protocol/accept.js';
import { EntryType } from '../../protocol/entry-key.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { claimsBeside } from '../../storage/reference-token-claims.js';
import { ClientAuthenticator } from '../clients/client-authenticator.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { IntrospectionJwt } from '../tokens/introspection-jwt.js';
import { TokenReader, type ActiveToken } from '../tokens/token-reader.js';
import { PATHS } from './endpoint-table.js';
import { clientRequest, formOf } from './form-request.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';

const INACTIVE = { active: false } as const;
/** RFC 9701 §4. */
const SIGNED = 'application/token-introspection+jwt';
/** Claims that say who the person is are for those the person let see them. */
const NAMING_SCOPES = ['profile', 'email'];

/** Token introspection (RFC 7662), signed where it is asked for (RFC 9701). Resource servers see access tokens meant for them; a refresh token is seen by its own client only. */
@Controller()
@UseFilters(OAuthErrorFilter)
export class IntrospectController {
  constructor(
    private readonly authenticator: ClientAuthenticator,
    private readonly policy: ClientPolicy,
    private readonly reader: TokenReader,
    private readonly jwt: IntrospectionJwt,
  ) {}

  @Post(PATHS.introspection)
  @HttpCode(200)
  async introspect(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object | string> {
    const parameters = formOf(request);
    const caller = await this.authenticator.authenticate(clientRequest(request, parameters));
    if (caller.type !== 'confidential')
      throw new OAuthError({ code: 'unauthorized_client', description: 'Public clients may not introspect.' });
    this.policy.requireEndpoint(caller, 'introspection');
    // token_type_hint only ever speeds a search up (§2.1), and there is nothing to search.
    const token = await this.reader.read(parameters.require('token'), caller.id);
    const answer = token && maySee(caller, token) ? describe(token) : INACTIVE;
    if (!prefers(request.headers.accept, SIGNED, 'application/json')) return answer;
    reply.type(SIGNED);
    return this.jwt.sign(caller, answer);
  }
}

function maySee(caller: ClientRecord, { type, claims }: ActiveToken): boolean {
  if (type === EntryType.refreshToken) return claims.client_id === caller.id;
  if (type !== EntryType.accessToken) return false;
  const audience = [claims.aud].flat();
  const own = [caller.id, ...(caller.permissions.serves ?? [])];
  return caller.permissions.seeAllTokens === true || claims.client_id === caller.id || own.some((resource) => audience.includes(resource));
}

/** RFC 7662 §2.2. */
function describe({ type, claims }: ActiveToken): object {
  const scopes = (claims.scope ?? '').split(' ');
  const named = NAMING_SCOPES.some((scope) => scopes.includes(scope));
  const { email, preferred_username: preferred } = claims;
  return claimsBeside(claims, {
    active: true,
    token_type: type === EntryType.accessToken ? 'Bearer' : undefined,
    nbf: claims.iat,
    username: named ? (preferred ?? email) : undefined,
    email: named ? email : undefined,
    preferred_username: undefined,
    lnk: undefined,
  });
}
