import { AuthorizationCodeGrant } from './authorization-code.grant.js';
import { ClientCredentialsGrant } from './client-credentials.grant.js';
import { DeviceCodeGrant } from './device-code.grant.js';
import { RefreshTokenGrant } from './refresh-token.grant.js';

/** The grant types that come with the package. A further one: its file, and a line here. */
export const BUILTIN_GRANTS = [AuthorizationCodeGrant, ClientCredentialsGrant, DeviceCodeGrant, RefreshTokenGrant] as const;
