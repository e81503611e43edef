export { CountersignClient, type AccessTokenOptions, type CountersignClientOptions } from './countersign-client.js';
export { RefreshRefusedError, RefreshUnavailableError, SignInNeededError, type SignInReason } from './errors.js';
export { oauth, type OAuthOptions } from './oauth.js';
export type { Fetch, LockManager } from './platform.js';
export type { Refresher, RefresherContext } from './refresher.js';
export { signInApi } from './sign-in-api.js';
export type { StoredTokens } from './stored-tokens.js';
export type { TokenAnswer } from './token-answer.js';
export { memoryStorage, webStorage, type TokenStorage, type WebStorage } from './token-storage.js';
