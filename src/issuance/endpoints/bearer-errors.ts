import { OAuthError, type OAuthErrorCode } from '../../protocol/oauth-error.js';

/** RFC 6750 §3: no error code, and so no error, for whoever sent no token at all. */
export const NO_TOKEN = { status: 401, challenge: 'Bearer', body: { error_description: 'An access token is required.' } } as const;

export const malformedBearer = (): OAuthError => bearerError('invalid_request', 'The Authorization header is malformed or repeated.');

/** The same whatever the reason. */
export const invalidToken = (): OAuthError =>
  bearerError('invalid_token', 'The access token is expired, revoked, malformed or not that of a person.');

export const insufficientScope = (required: string): OAuthError =>
  bearerError('insufficient_scope', 'The access token lacks a scope.', `, scope="${required}"`);

const bearerError = (code: OAuthErrorCode, description: string, more = ''): OAuthError =>
  new OAuthError({ code, description, challenge: `Bearer error="${code}", error_description="${description}"${more}` });
