import { OAuthError, type OAuthErrorCode } from '../../protocol/oauth-error.js';

/** RFC 6750 §3: no error code, and so no error, for whoever sent no token at all. */
export const NO_TOKEN = { status: 401, challenge: 'Bearer', body: { error_description: 'An access token is required.' } } as const;

export const malformedBearer = (): OAuthError => bearerError('invalid_request', 'The Authorization header is malformed or repeated.');

/** The same whatever the reason. */
export const invalidToken = (description = 'The access token is expired, revoked, malformed or not that of a person.'): OAuthError =>
  bearerError('invalid_token', description);

export const insufficientScope = (required: string, description = 'The access token lacks a scope.'): OAuthError =>
  bearerError('insufficient_scope', description, `, scope="${required}"`);

const bearerError = (code: OAuthErrorCode, description: string, more = ''): OAuthError =>
  new OAuthError({ code, description, challenge: `Bearer error="${code}", error_description="${description}"${more}` });
