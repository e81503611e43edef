import fc from 'fast-check';
import { ASSERTION_TYPE } from '../support/assertions.js';
import { REDIRECT_URI } from '../support/code-flow.js';
import type { FuzzRequest } from './send.js';

/** What is genuine: used as it is where losing it is no loss, and altered where it must survive. */
export interface Genuine {
  /** Tokens, of every kind and format, that may be used up. */
  readonly expendable: readonly string[];
  /** Tokens whose chain must be as before at the end: sent only altered. */
  readonly precious: readonly string[];
  /** Values of Authorization that authenticate a client. */
  readonly clients: readonly string[];
  readonly clientIds: readonly string[];
  readonly secrets: readonly string[];
  /** Client assertions, some of them good. */
  readonly assertions: readonly string[];
  readonly accounts: readonly { readonly email: string; readonly password: string }[];
}

/** In every header that is made up: it must not come back. */
export const MARKER = 'nEvErRefLecTed';

export const FORM_ROUTES = ['/connect/token', '/connect/introspect', '/connect/revoke'] as const;
export const DOCUMENTS = [
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
  '/.well-known/jwks.json',
] as const;
export const USERINFO = '/connect/userinfo';
/** Of the codes that may go: a form made of these parts redeems one now and then. */
export const VERIFIER = 'x'.repeat(43);
export const API_ROUTES = [
  ['POST', '/auth/register'],
  ['POST', '/auth/login'],
  ['POST', '/auth/refresh'],
  ['POST', '/auth/logout'],
  ['POST', '/auth/change-password'],
  ['GET', '/auth/me'],
  ['GET', '/auth/sessions'],
  ['DELETE', '/auth/sessions'],
  ['DELETE', '/auth/sessions/0190f6a5-7c3e-7d5b-8f00-0123456789ab'],
] as const;

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({ weight, arbitrary });

export function fuzzRequest(genuine: Genuine): fc.Arbitrary<FuzzRequest> {
  const token = tokens(genuine);
  const value = fc.oneof(
    often(4, token),
    often(
      2,
      fc.constantFrom(
        '',
        ' ',
        '0',
        'null',
        '[object Object]',
        '__proto__',
        '%00',
        "' or 1=1--",
        '${jndi:ldap://x}',
        '../../etc/passwd',
        'a'.repeat(5_000),
      ),
    ),
    often(2, fc.string({ unit: 'grapheme' })),
    often(1, fc.constantFrom(...genuine.clientIds, ...genuine.secrets)),
    often(
      1,
      fc.constantFrom(
        'refresh_token',
        'client_credentials',
        'password',
        'access_token',
        'todos:read',
        'offline_access',
        'https://api.example',
        '\ud800',
        '\ufffd',
        '\u202e',
      ),
    ),
  );
  const headers = fuzzHeaders(genuine, token);
  const form = fc.record({
    method: mostly('POST'),
    path: fc.constantFrom<string[]>(...FORM_ROUTES),
    headers,
    body: formBody(genuine, token, value),
    chunked: fc.boolean(),
    type: contentType('application/x-www-form-urlencoded'),
  });
  const api = fc.constantFrom(...API_ROUTES).chain(([method, path]) =>
    fc.record({
      method: mostly(method),
      path: fc.oneof(
        often(9, fc.constant(path)),
        often(
          1,
          value.map((text) => `/auth/sessions/${encodeURIComponent(wellFormed(text))}`),
        ),
      ),
      headers,
      body: jsonBody(genuine, value),
      chunked: fc.boolean(),
      type: contentType('application/json'),
    }),
  );
  const documents = fc.record({
    method: mostly('GET'),
    path: fc.constantFrom<string[]>(...DOCUMENTS, USERINFO),
    headers,
    body: noise(),
    chunked: fc.constant(false),
    type: contentType(''),
  });
  const elsewhere = fc.record({
    method: mostly('GET'),
    path: fc.oneof(
      fc.constantFrom(
        '/',
        '//',
        '/connect',
        '/connect/',
        '/auth',
        '/auth/',
        '/connect/token/',
        '//connect/token',
        '/connect//token',
        '/CONNECT/TOKEN',
        '/connect/%74oken',
        '/connect/token%00',
        '/connect/token;x',
        '/connect/token?grant_type=x',
        '/.well-known/',
        '/auth/me?access_token=x',
        '/auth/%',
        '/%ff',
        '*',
      ),
      fc.webPath().map((path) => path || '/'),
    ),
    headers,
    body: formBody(genuine, token, value),
    chunked: fc.boolean(),
    type: contentType('application/x-www-form-urlencoded'),
  });
  // As one who is let in would send it, so that what lies behind the door is tried too.
  const identified = fc
    .tuple(
      fc.constantFrom(...FORM_ROUTES),
      fc.constantFrom(...genuine.clients, ''),
      fc.array(likelyParameter(token), { minLength: 1, maxLength: 5 }),
      fc.boolean(),
    )
    .map(([path, authorization, pairs, chunked]) => ({
      method: 'POST',
      path: path as string,
      headers: authorization ? [['authorization', authorization] as [string, string]] : [],
      body: Buffer.from(
        new URLSearchParams({ ...Object.fromEntries(pairs), ...(!authorization && { client_id: 'first-party' }) }).toString(),
      ),
      chunked,
      type: [['content-type', 'application/x-www-form-urlencoded'] as [string, string]],
    }));
  const asserted = fc
    .tuple(
      fc.constantFrom<string[]>(...FORM_ROUTES),
      assertions(genuine),
      fc.array(likelyParameter(token), { minLength: 1, maxLength: 5 }),
      fc.constantFrom('', 'application/token-introspection+jwt', 'application/token-introspection+jwt;q=0.5, */*;q=0.4', 'q=,;*/*'),
    )
    .map(([path, assertion, pairs, accept]) => ({
      method: 'POST',
      path,
      headers: accept ? [['accept', accept] as [string, string]] : [],
      body: Buffer.from(
        new URLSearchParams({
          ...Object.fromEntries(pairs),
          client_assertion_type: ASSERTION_TYPE,
          client_assertion: wellFormed(assertion),
        }).toString(),
      ),
      chunked: false,
      type: [['content-type', 'application/x-www-form-urlencoded'] as [string, string]],
    }));
  return fc
    .oneof(often(7, identified), often(2, asserted), often(7, form), often(9, api), often(2, documents), often(2, elsewhere))
    .map(({ type, method, headers: given, body, ...rest }) => {
      // Node's client cannot write a body for these.
      const bodiless = method === 'GET' || method === 'HEAD' || method === 'TRACE';
      return {
        ...rest,
        method,
        headers: [...type, ...given],
        body: bodiless ? Buffer.alloc(0) : body,
        chunked: bodiless ? false : rest.chunked,
      };
    });
}

/** Lone surrogates have no UTF-8: they are sent as what the standard puts in their place. */
export const wellFormed = (text: string): string => text.replace(/\p{Cs}/gu, '\ufffd');

const mostly = (method: string): fc.Arbitrary<string> =>
  fc.oneof(
    often(12, fc.constant(method)),
    often(1, fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND', 'QUERY')),
  );

const contentType = (right: string): fc.Arbitrary<[string, string][]> =>
  fc
    .oneof(
      often(14, fc.constant(right)),
      often(
        3,
        fc.constantFrom(
          '',
          'application/json',
          'application/x-www-form-urlencoded',
          'application/x-www-form-urlencoded; charset=utf-8',
          'application/x-www-form-urlencoded; charset=utf-16',
          'application/json; charset=latin1',
          'text/plain',
          'multipart/form-data; boundary=x',
          'application/octet-stream',
          'application/x-www-form-urlencoded, application/json',
          ';',
          '/',
          'a/b/c',
          'application/json;' + 'a=b;'.repeat(300),
        ),
      ),
      often(1, latin1()),
    )
    .map((type) => (type === '' ? [] : [['content-type', type]]));

/** What a header's value may hold, tabs and the upper half of Latin 1 too. */
const latin1 = (): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.integer({ min: 0x21, max: 0x7e }), fc.integer({ min: 0xa1, max: 0xff }), fc.constantFrom(0x20, 0x09)), {
      maxLength: 60,
    })
    .map((codes) => MARKER + String.fromCharCode(...codes));

/** Good assertions, those of unknown keys, and such with a part of another or of none. */
function assertions({ assertions: made, expendable }: Genuine): fc.Arbitrary<string> {
  const part = fc.oneof(
    often(4, fc.constantFrom(...[...made, ...expendable].flatMap((text) => text.split('.')))),
    often(
      2,
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
    ),
    often(1, fc.string()),
  );
  const header = fc
    .record({ alg: fc.constantFrom('none', 'HS256', 'ES256', 'RS256', '__proto__', null, 1), kid: fc.jsonValue(), crit: fc.jsonValue() })
    .map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
  const put = fc.tuple(fc.constantFrom(...made), fc.nat(2), fc.oneof(part, header)).map(([text, at, other]) =>
    text
      .split('.')
      .map((own, index) => (index === at ? other : own))
      .join('.'),
  );
  return fc.oneof(
    fc.constantFrom(...made),
    put,
    fc.array(part, { maxLength: 4 }).map((parts) => parts.join('.')),
  );
}

/** Genuine tokens that may go, and the precious ones altered. */
function tokens({ expendable, precious }: Genuine): fc.Arbitrary<string> {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const altered = fc
    .record({
      token: fc.constantFrom(...precious, ...expendable),
      how: fc.nat(13),
      at: fc.nat(9_999),
      character: fc.constantFrom(...alphabet, '.', '+', '/', '=', '%', '\0', 'é', '\ud800'),
    })
    .map(({ token, how, at, character }) => {
      const position = at % token.length;
      const parts = token.split('.');
      const part = at % parts.length;
      const replaced = (text: string): string => parts.map((one, index) => (index === part ? text : one)).join('.');
      const ways = [
        token.slice(0, position) + character + token.slice(position + 1),
        token.slice(0, position) + character + token.slice(position),
        token.slice(0, position) + token.slice(position + 1),
        token.slice(0, position),
        token.slice(position || 1),
        token + character + token,
        replaced(''),
        replaced(parts[(part + 1) % parts.length] ?? ''),
        `${token}.`,
        [Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url'), parts[1], ''].join('.'),
        replaced(Buffer.from('{"alg":"HS256","kid":"__proto__","typ":"at+jwt"}').toString('base64url')),
        token.replace('cs_rt_', 'cs_at_').toUpperCase(),
        parts.reverse().join('.'),
        replaced(Buffer.from('['.repeat(200)).toString('base64url')),
      ];
      const result = ways[how] ?? '';
      return result === token ? `${token}x` : result;
    });
  return fc.oneof(often(1, fc.constantFrom(...expendable)), often(3, altered));
}

function fuzzHeaders(genuine: Genuine, token: fc.Arbitrary<string>): fc.Arbitrary<[string, string][]> {
  // Only what may stand in a header: Node's client sends nothing else. Raw bytes are sent by another test.
  const sendable = (text: string): string => text.replace(/[^\t\x20-\x7e\xa0-\xff]/g, '?').trim();
  const authorization = fc.oneof(
    often(6, fc.constantFrom(...genuine.clients)),
    often(
      4,
      token.map((text) => sendable(`Bearer ${text}`)),
    ),
    often(
      1,
      fc
        .tuple(fc.constantFrom('Basic ', 'basic ', 'Bearer', 'BEARER ', 'Basic', 'Digest ', 'DPoP ', ''), latin1())
        .map(([scheme, rest]) => scheme + rest),
    ),
    often(
      1,
      fc.uint8Array({ maxLength: 90 }).map((bytes) => `Basic ${Buffer.from(bytes).toString('base64')}`),
    ),
    often(
      1,
      fc.constantFrom(
        'Basic Og==',
        'Basic =',
        'Basic OjpQ',
        'Bearer ',
        `Bearer ${'a'.repeat(9_000)}`,
        `Basic ${'QQ'.repeat(4_000)}`,
        'Bearer a b',
        'Bearer ,',
      ),
    ),
  );
  const name = fc.constantFrom(
    ...[
      'origin',
      'accept',
      'cookie',
      'if-none-match',
      'x-forwarded-for',
      'x-forwarded-proto',
      'x-forwarded-host',
      'x-request-id',
      'accept-language',
      'user-agent',
      'content-encoding',
      'access-control-request-method',
      'referer',
      'dpop',
      'range',
      'x-http-method-override',
    ],
  );
  return (
    fc
      .tuple(
        fc.array(
          authorization.map((text): [string, string] => ['authorization', text]),
          { maxLength: 2, depthIdentifier: 'headers' },
        ),
        fc.array(fc.tuple(name, latin1()), { maxLength: 3 }),
        fc.boolean(),
      )
      // Mostly one Authorization header, for with none or two little is reached.
      .map(([authorizations, others, one]) => [
        ...(one ? authorizations.slice(0, 1) : authorizations),
        ...others.map(([n, v]): [string, string] => [n, sendable(v)]),
      ])
  );
}

const noise = (): fc.Arbitrary<Buffer> =>
  fc.oneof(
    often(
      3,
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    ),
    often(
      1,
      fc.constantFrom(33_000, 66_000, 1_200_000).map((length) => Buffer.alloc(length, 'a=b&')),
    ),
    often(1, fc.constant(Buffer.alloc(0))),
  );

const likelyParameter = (token: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> =>
  fc.oneof(
    often(
      3,
      fc.tuple(fc.constant('grant_type'), fc.constantFrom('refresh_token', 'client_credentials', 'authorization_code', 'password', '')),
    ),
    often(4, fc.tuple(fc.constantFrom('refresh_token', 'token', 'code'), token)),
    often(1, fc.tuple(fc.constant('code_verifier'), fc.constantFrom(VERIFIER, VERIFIER, VERIFIER.slice(1), '~'.repeat(129), '\u00fc'))),
    often(1, fc.tuple(fc.constant('redirect_uri'), fc.constantFrom(REDIRECT_URI, REDIRECT_URI, `${REDIRECT_URI}/`, 'javascript:x'))),
    often(1, fc.tuple(fc.constant('scope'), fc.constantFrom('todos:read', 'offline_access', 'openid', 'a  b', '"'))),
    often(1, fc.tuple(fc.constant('resource'), fc.constantFrom('https://api.example', 'urn:x:y', 'x', 'https://x/#f'))),
    often(1, fc.tuple(fc.constant('token_type_hint'), fc.constantFrom('access_token', 'refresh_token', 'x'))),
  );

function formBody(genuine: Genuine, token: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const NAMES = [
    'grant_type',
    'refresh_token',
    'token',
    'token_type_hint',
    'client_id',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'scope',
    'resource',
    'audience',
    'code',
    'code_verifier',
    'redirect_uri',
    '__proto__',
    'constructor',
  ];
  const encode = (text: string): string => encodeURIComponent(wellFormed(text));
  const likely = fc.oneof(
    likelyParameter(token),
    fc.tuple(fc.constant('client_id'), fc.constantFrom(...genuine.clientIds)),
    fc.tuple(fc.constant('client_secret'), fc.constantFrom(...genuine.secrets)),
    fc.tuple(fc.constant('client_assertion'), assertions(genuine)),
    fc.tuple(fc.constant('client_assertion_type'), fc.constantFrom(ASSERTION_TYPE, ASSERTION_TYPE.slice(0, -1))),
  );
  const wild = fc.tuple(fc.oneof(fc.constantFrom(...NAMES), fc.string()), value);
  const pairs = fc.array(fc.oneof(often(5, likely), often(1, wild)), { minLength: 1, maxLength: 6 });
  const unique = pairs.map((list) => [...new Map(list)].map(([name, text]) => `${encode(name)}=${encode(text)}`).join('&'));
  const repeated = pairs.map((list) => list.map(([name, text]) => `${encode(name)}=${encode(text)}`).join('&'));
  const faulty = fc
    .tuple(
      unique,
      fc.constantFrom(
        '&%',
        '&a=%zz',
        '&a=%ff',
        '&a=%ed%a0%80',
        '&%00',
        '&a=%00',
        '&a=\0',
        '&=',
        '&&',
        '&a==',
        '\ufeff',
        '&x=' + 'y'.repeat(70_000),
      ),
    )
    .map((texts) => texts.join(''));
  return fc.oneof(
    often(
      8,
      unique.map((text) => Buffer.from(text)),
    ),
    often(
      2,
      repeated.map((text) => Buffer.from(text)),
    ),
    often(
      3,
      faulty.map((text) => Buffer.from(text)),
    ),
    often(1, noise()),
    often(1, jsonBody(genuine, value)),
  );
}

function jsonBody(genuine: Genuine, value: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const NAMES = [
    'email',
    'password',
    'displayName',
    'refreshToken',
    'accessToken',
    'currentPassword',
    'newPassword',
    '__proto__',
    'constructor',
  ];
  const account = fc.constantFrom(...genuine.accounts);
  const likely = fc.oneof(
    fc.record({ refreshToken: value, accessToken: value }, { requiredKeys: ['refreshToken'] }),
    account,
    account.map(({ email }) => ({ email, password: 'wrong horse battery staple' })),
    account.map(({ password }) => ({ currentPassword: password, newPassword: 'another horse 7 batteries' })),
    fc.record({ email: fc.oneof(fc.emailAddress(), value), password: value }),
    fc.record({ currentPassword: value, newPassword: value }),
  );
  const wild = fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string()), fc.oneof(value, fc.jsonValue()));
  const text = fc.oneof(often(6, likely), often(3, wild), often(1, fc.jsonValue())).map((json) => JSON.stringify(json));
  const faulty = fc.constantFrom(
    '',
    '{',
    '{"email":',
    '{"a":1}}',
    'null',
    '1',
    '"x"',
    '[]',
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"email":"\\ud800","password":"\\u0000"}',
    '['.repeat(10_000),
    '{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000),
    '\ufeff{}',
    `{"email":"${'x'.repeat(40_000)}"}`,
    '{"email":"a@b.example","email":"c@d.example","password":"x"}',
    '{"email":["a"],"password":{"x":1}}',
  );
  return fc.oneof(
    often(
      8,
      text.map((json) => Buffer.from(json)),
    ),
    often(
      2,
      faulty.map((json) => Buffer.from(json)),
    ),
    often(1, noise()),
    often(
      1,
      text.map((json) => Buffer.from(json, 'utf16le')),
    ),
  );
}
