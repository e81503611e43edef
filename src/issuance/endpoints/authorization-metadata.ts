import { LOCALES } from '../../identity/pages/locale.js';
import { PROMPTS, RESPONSE_MODES } from '../authorization/authorization-request.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { PATHS } from './endpoint-table.js';

/**
 * What the metadata say of authorization requests. RFC 8414 §2, RFC 9126 §5, RFC 9207 §3, OpenID Connect Discovery 1.0 §3, Initiating User Registration
 * 1.0 §4 (prompt_values_supported)
 */
export function authorizationMetadata({ issuer, endpoints, requirePushedRequests }: ResolvedIssuanceOptions): object {
  if (!endpoints.authorization) return { response_types_supported: [] }; // they are required, also where there is none
  return {
    authorization_endpoint: issuer + PATHS.authorization,
    ...(endpoints.pushedAuthorization && {
      pushed_authorization_request_endpoint: issuer + PATHS.pushedAuthorization,
      require_pushed_authorization_requests: requirePushedRequests,
    }),
    response_types_supported: ['code'],
    response_modes_supported: RESPONSE_MODES,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    prompt_values_supported: PROMPTS,
    ui_locales_supported: LOCALES,
    request_parameter_supported: false,
    request_uri_parameter_supported: false, // left out, it would be true; request URIs of pushed requests are not meant by it
    claims_parameter_supported: false,
  };
}
