export { ClientPolicy, type EffectiveSettings } from './clients/client-policy.js';
export {
  GrantHandler,
  type CodeGrant,
  type Grant,
  type MachineGrant,
  type NewChainGrant,
  type RedeemGrant,
  type RequestOrigin,
} from './grants/grant.js';
export { IssuanceEvents, type ChainEvent, type IssuanceEventMap } from './issuance-events.js';
export { IssuanceModule, type IssuanceModuleExtras } from './issuance.module.js';
export type { IssuanceOptions, SigningAlgorithm } from './issuance.options.js';
export { KeyRotation } from './keys/key-rotation.js';
export { TokenMaintenance } from './maintenance/token-maintenance.js';
export { Endings } from './tokens/endings.js';
export { TokenIssuer, type IssuedTokens } from './tokens/token-issuer.js';
export { TokenReader, type ActiveToken } from './tokens/token-reader.js';
export { TokenRevoker } from './tokens/token-revoker.js';
export type { Ended } from '../storage/revocation.store.js';
export { OAuthError, type OAuthErrorCode } from '../protocol/oauth-error.js';
export { Parameters } from '../protocol/form.js';
