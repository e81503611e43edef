import { Controller, Get, Inject, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ClientPolicy, STANDARD_SCOPES } from '../clients/client-policy.js';
import { ASSERTION_ALGORITHMS } from '../clients/client-assertion.js';
import { GrantTypes } from '../grants/grant-types.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { ID_TOKEN_CLAIMS } from '../tokens/id-tokens.js';
import { CLAIMS_OF_SCOPES } from '../tokens/person-claims.js';
import { authorizationMetadata } from './authorization-metadata.js';
import { CachedDocument } from './cached-document.js';
import { PATHS } from './endpoint-table.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';

const CONFIDENTIAL_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
const ALL_METHODS = [...CONFIDENTIAL_METHODS, 'none'];
const SIGNING_ALGORITHMS = ['RS256', 'ES256'];

/** Metadata (RFC 8414, OpenID Connect Discovery 1.0): lists exactly what is on. */
@Controller()
@UseFilters(OAuthErrorFilter)
export class MetadataController {
  private readonly document = new CachedDocument();

  constructor(
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
    private readonly grantTypes: GrantTypes,
    private readonly policy: ClientPolicy,
  ) {}

  @Get([PATHS.openidConfiguration, PATHS.authorizationServer])
  async metadata(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const scopes = await this.policy.knownScopes();
    this.document.send(request, reply, [scopes], () => this.metadataOf([...scopes.keys()]));
  }

  private metadataOf(scopes: readonly string[]): object {
    const { issuer, endpoints, backchannelLogout } = this.options;
    return {
      issuer,
      jwks_uri: issuer + PATHS.jwks,
      ...(endpoints.token && {
        token_endpoint: issuer + PATHS.token,
        token_endpoint_auth_methods_supported: ALL_METHODS,
        token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
        grant_types_supported: this.grantTypes.names,
      }),
      ...(endpoints.device && { device_authorization_endpoint: issuer + PATHS.device }), // RFC 8628 §4
      ...(endpoints.introspection && {
        introspection_endpoint: issuer + PATHS.introspection,
        introspection_endpoint_auth_methods_supported: CONFIDENTIAL_METHODS,
        introspection_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
        introspection_signing_alg_values_supported: SIGNING_ALGORITHMS, // RFC 9701 §7
      }),
      ...(endpoints.revocation && {
        revocation_endpoint: issuer + PATHS.revocation,
        revocation_endpoint_auth_methods_supported: ALL_METHODS,
        revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGORITHMS,
      }),
      ...(endpoints.revocationFeed && { revocation_feed_endpoint: issuer + PATHS.revocations }),
      ...(endpoints.userinfo && { userinfo_endpoint: issuer + PATHS.userinfo }),
      ...(endpoints.endSession && { end_session_endpoint: issuer + PATHS.endSession }),
      ...(backchannelLogout && { backchannel_logout_supported: true, backchannel_logout_session_supported: true }),
      // Scopes of people are of use where people sign in.
      scopes_supported: [
        ...new Set([...(endpoints.authorization ? STANDARD_SCOPES : ['offline_access']), ...this.policy.machineScopes, ...scopes]),
      ],
      ...authorizationMetadata(this.options),
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: SIGNING_ALGORITHMS,
      claim_types_supported: ['normal'],
      claims_supported: [...ID_TOKEN_CLAIMS, ...(endpoints.userinfo ? Object.values(CLAIMS_OF_SCOPES).flat() : [])],
    };
  }
}
