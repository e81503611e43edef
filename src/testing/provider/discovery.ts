import { ENDPOINT_PATHS, json, type Answer, type EndpointName } from './endpoint.js';
import type { World } from './world.js';

const AUTHENTICATION = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];

/** OpenID Connect Discovery 1.0 §3, with RFC 9207 §3 and Back-Channel Logout 1.0 §2.1. */
export function discoveryAnswer({ issuer, keys, settings }: World): Answer {
  const at = (endpoint: EndpointName) => issuer + ENDPOINT_PATHS[endpoint];
  return json({
    issuer,
    authorization_endpoint: at('authorize'),
    token_endpoint: at('token'),
    jwks_uri: at('jwks'),
    userinfo_endpoint: at('userinfo'),
    revocation_endpoint: at('revocation'),
    end_session_endpoint: at('endSession'),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [keys.algorithm],
    token_endpoint_auth_methods_supported: AUTHENTICATION,
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'RS256'],
    revocation_endpoint_auth_methods_supported: AUTHENTICATION,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: settings.sid,
    ...settings.metadata,
  });
}
