import type { IncomingHttpHeaders } from 'node:http';
import type { Parameters } from '../../protocol/form.js';

export const ENDPOINTS = ['discovery', 'jwks', 'authorize', 'token', 'revocation', 'endSession', 'userinfo'] as const;
export type EndpointName = (typeof ENDPOINTS)[number];

/** Below the issuer's path. */
export const ENDPOINT_PATHS: Readonly<Record<EndpointName, string>> = {
  discovery: '/.well-known/openid-configuration',
  jwks: '/jwks',
  authorize: '/authorize',
  token: '/token',
  revocation: '/revoke',
  endSession: '/logout',
  userinfo: '/userinfo',
};

export interface ProviderRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the query, or of a form that was posted. */
  readonly parameters: Parameters;
  /** Claims of an id token that are to be wrong. */
  readonly wrongClaims: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The OAuth error, for the call log. */
  readonly error?: string;
}

/** RFC 6749 §5.1: nothing that holds tokens may be kept by a cache. */
export const json = (body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
});

export const errorAnswer = (error: string, status: number, description?: string): Answer => ({
  ...json({ error, ...(description !== undefined && { error_description: description }) }, status),
  error,
});

export const redirect = (uri: string, parameters: Readonly<Record<string, string | undefined>>): Answer => {
  const location = new URL(uri);
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) location.searchParams.append(name, value);
  return {
    status: 302,
    headers: { location: location.href, 'cache-control': 'no-store' },
    ...(parameters['error'] && { error: parameters['error'] }),
  };
};

/** Text for HTML, between tags or in a quoted attribute. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export const page = (html: string, status = 200): Answer => ({
  status,
  headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  body: `<!doctype html><html lang="en"><title>Provider</title><body>${html}</body></html>`,
});
