import fc from 'fast-check';
import { MARKER, wellFormed } from './requests.js';
import type { FuzzRequest } from './send.js';

/** What is genuine at the front channel. */
export interface GenuineWays {
  readonly clients: readonly string[];
  readonly redirectUris: readonly string[];
  readonly challenge: string;
  readonly requestUris: readonly string[];
  readonly hints: readonly string[];
  /** Cookie headers: of somebody signed in, of a stranger, none. */
  readonly cookies: readonly string[];
  /** Tickets with the form tokens that belong to them, of every page. */
  readonly forms: readonly { readonly ticket: string; readonly csrf: string }[];
  /** Values of Authorization. */
  readonly basics: readonly string[];
}

export const AUTHORIZE = '/connect/authorize';
export const PUSH = '/connect/par';
export const WAY = ['/connect/authorize/continue', '/consent', '/select-account'] as const;
const NAMES = [
  ...['response_type', 'response_mode', 'client_id', 'redirect_uri', 'scope', 'state', 'nonce', 'code_challenge', 'code_challenge_method'],
  ...['prompt', 'max_age', 'login_hint', 'id_token_hint', 'ui_locales', 'acr_values', 'resource', 'display', 'claims', 'request'],
  ...['request_uri', 'registration', 'client_secret', 'ticket', 'csrf', 'decision', 'continue', '__proto__', 'constructor'],
] as const;

type Pairs = readonly (readonly [name: string, value: string])[];

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({ weight, arbitrary });
const encode = (text: string): string => encodeURIComponent(wellFormed(text));
const formOf = (pairs: Pairs): string => pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');

export function wayRequest(genuine: GenuineWays): fc.Arbitrary<FuzzRequest> {
  return fc.oneof(often(6, authorizing(genuine)), often(2, pushing(genuine)), often(4, onTheWay(genuine)));
}

/** A sound request in which some parameters are others. */
function parameters(genuine: GenuineWays): fc.Arbitrary<Pairs> {
  const values = new Map<string, fc.Arbitrary<string>>(
    Object.entries({
      response_type: fc.constantFrom('code', 'token', 'code id_token', 'none', ''),
      response_mode: fc.constantFrom('query', 'form_post', 'fragment', 'x'),
      client_id: fc.constantFrom(...genuine.clients, 'first-party', 'nobody'),
      redirect_uri: redirectUris(genuine),
      scope: fc.constantFrom('openid', 'openid email', 'offline_access', 'a  b', '"', 'unheard-of'),
      code_challenge: fc.constantFrom(genuine.challenge, 'x', ''),
      code_challenge_method: fc.constantFrom('S256', 'plain', ''),
      prompt: fc.constantFrom('none', 'login', 'consent', 'select_account', 'login consent', 'none login', 'x'),
      max_age: fc.constantFrom('0', '60', '-1', 'x', '99999999999'),
      id_token_hint: fc.oneof(fc.constantFrom(...genuine.hints), altered(genuine.hints)),
      ui_locales: fc.constantFrom('de', 'en-US de', '%', 'x'.repeat(300)),
      resource: fc.constantFrom('https://api.example', 'x', 'https://x/#f'),
      request_uri: fc.oneof(fc.constantFrom(...genuine.requestUris, 'https://app.example/x'), altered(genuine.requestUris)),
    }),
  );
  const change = fc.constantFrom(...NAMES).chain((name) => {
    const likely = values.get(name);
    const value = likely ? fc.oneof(often(5, likely), often(1, wild())) : wild();
    return fc.tuple(fc.constant<string>(name), value);
  });
  const sound = fc
    .tuple(
      fc.constantFrom(...genuine.clients),
      fc.oneof(often(4, fc.constantFrom(...genuine.redirectUris)), often(1, redirectUris(genuine))),
      fc.constantFrom('query', 'form_post'),
    )
    .map(([client, redirectUri, mode]): [string, string][] => [
      ['response_type', 'code'],
      ['response_mode', mode],
      ['client_id', client],
      ['redirect_uri', redirectUri],
      ['scope', 'openid'],
      ['code_challenge', genuine.challenge],
      ['code_challenge_method', 'S256'],
    ]);
  const referring = fc
    .tuple(fc.constantFrom(...genuine.clients), fc.constantFrom(...genuine.requestUris))
    .map(([client, requestUri]): [string, string][] => [
      ['client_id', client],
      ['request_uri', requestUri],
    ]);
  return fc
    .tuple(fc.oneof(often(6, sound), often(1, referring)), fc.array(change, { maxLength: 3 }), fc.nat(9))
    .map(([start, changes, how]) => (how === 0 ? [...start, ...changes] : [...new Map([...start, ...changes])]));
}

function redirectUris({ redirectUris: registered }: GenuineWays): fc.Arbitrary<string> {
  const tricks = registered.flatMap((uri) => [
    ...[`${uri}/../x`, `${uri}#x`, `${uri}.evil.example`, `${uri}?x`, `${uri}%0d%0alocation:x`, `${uri}\r\nx: y`, uri.toUpperCase()],
    ...[
      uri.replace('//', '//user@'),
      uri.replace('//', '//evil.example\\@'),
      uri.replace(/^https?:/, ''),
      ` ${uri}`,
      uri.replace('a', '%61'),
    ],
  ]);
  const others = [
    'https://evil.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    'http://[::1]:99999/callback',
    'http://localhost:1/callback',
  ];
  return fc.oneof(
    often(3, fc.constantFrom(...registered)),
    often(3, fc.constantFrom(...tricks)),
    often(1, fc.constantFrom(...others)),
    often(2, altered(registered)),
    often(1, fc.webUrl()),
  );
}

const authorizing = (genuine: GenuineWays): fc.Arbitrary<FuzzRequest> =>
  fc
    .tuple(
      fc.oneof(often(9, fc.constant('GET')), often(4, fc.constant('POST')), often(1, fc.constantFrom('HEAD', 'PUT', 'OPTIONS'))),
      parameters(genuine).map(formOf),
      spoiling(),
      headersOf(genuine),
    )
    .map(([method, form, spoilt, headers]) => request(method, AUTHORIZE, form + spoilt, headers));

const pushing = (genuine: GenuineWays): fc.Arbitrary<FuzzRequest> =>
  fc
    .tuple(parameters(genuine).map(formOf), spoiling(), fc.option(fc.constantFrom(...genuine.basics), { nil: undefined }), fc.nat(9))
    .map(([form, spoilt, basic, other]) =>
      request(other === 0 ? 'GET' : 'POST', PUSH, form + spoilt, [
        ...FORM_TYPE,
        ...(basic === undefined ? [] : [['authorization', basic] as const]),
      ]),
    );

/** Pages and forms on the way, with tickets and tokens that belong together or not. */
function onTheWay(genuine: GenuineWays): fc.Arbitrary<FuzzRequest> {
  const own = fc.constantFrom(...genuine.forms);
  const pair = fc.oneof(
    often(3, own),
    often(
      1,
      fc.tuple(own, own).map(([{ ticket }, { csrf }]) => ({ ticket, csrf })),
    ),
    often(2, fc.record({ ticket: altered(genuine.forms.map(({ ticket }) => ticket)), csrf: own.map(({ csrf }) => csrf) })),
    often(
      1,
      fc.record({ ticket: own.map(({ ticket }) => ticket), csrf: fc.oneof(altered(genuine.forms.map(({ csrf }) => csrf)), wild()) }),
    ),
    often(1, fc.record({ ticket: wild(), csrf: wild() })),
  );
  const decision = fc.constantFrom('allow', 'allow', 'deny', 'continue', 'other', 'x', '');
  const target = fc.constantFrom<[string, string][]>(
    ['POST', '/consent'],
    ['POST', '/select-account'],
    ...WAY.map((path): [string, string] => ['GET', path]),
  );
  const step = fc
    .tuple(target, pair, decision, spoiling(), headersOf(genuine))
    .map(([[method, path], { ticket, csrf }, answer, spoilt, headers]) =>
      request(
        method,
        path,
        formOf([['ticket', ticket], ...(method === 'GET' ? [] : [['csrf', csrf] as const, ['decision', answer] as const])]) + spoilt,
        headers,
      ),
    );
  const tail = fc.oneof(
    pair.map(({ ticket }) => `${WAY[0]}?ticket=${ticket}`),
    fc.constantFrom('//evil.example', 'https://evil.example', '/\\x'),
    wild(),
  );
  const entrance = fc
    .tuple(tail, headersOf(genuine))
    .map(([href, headers]) => request('GET', '/sign-in', formOf([['continue', href]]), headers));
  return fc.oneof(often(5, step), often(1, entrance));
}

const FORM_TYPE = [['content-type', 'application/x-www-form-urlencoded'] as const];

function request(method: string, path: string, form: string, headers: FuzzRequest['headers']): FuzzRequest {
  const inBody = method === 'POST' || method === 'PUT';
  return {
    method,
    // What Node's client would not send, no browser does.
    path: inBody || form === '' ? path : `${path}?${form.replace(/[^!-~]/g, (character) => encode(character))}`.slice(0, 12_000),
    headers,
    body: Buffer.from(inBody ? form : ''),
    chunked: false,
  };
}

const headersOf = ({ cookies }: GenuineWays): fc.Arbitrary<FuzzRequest['headers']> =>
  fc
    .record({
      cookie: fc.oneof(
        often(4, fc.constantFrom(...cookies)),
        often(
          1,
          altered(cookies.filter(Boolean)).map((text) => text.replace(/[^!-~ ]/g, '_')),
        ),
      ),
      site: fc.constantFrom('same-origin', 'same-origin', 'cross-site', 'none', MARKER),
      type: fc.constantFrom(...Array<string>(8).fill('application/x-www-form-urlencoded'), 'application/json', ''),
    })
    .map(({ cookie, site, type }) => [
      ...(cookie === '' ? [] : [['cookie', cookie] as const]),
      ...(type === '' ? [] : [['content-type', type] as const]),
      ...[
        ['sec-fetch-site', site] as const,
        ['origin', MARKER] as const,
        ['referer', MARKER] as const,
        ['accept-language', MARKER] as const,
      ],
    ]);

const spoiling = (): fc.Arbitrary<string> =>
  fc.oneof(
    often(12, fc.constant('')),
    often(2, fc.constantFrom('&%', '&a=%zz', '&a=%ff', '&a=%ed%a0%80', '&a=%00', '&=', '&&', `&x=${'y'.repeat(9_000)}`)),
  );

/** A character or two of a genuine value are others. */
const altered = (values: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...values), fc.nat(9_999), fc.nat(2), fc.string({ maxLength: 2, unit: 'grapheme' }))
    .map(([value, at, cut, other]) => value.slice(0, at % (value.length + 1)) + other + value.slice((at % (value.length + 1)) + cut));

const wild = (): fc.Arbitrary<string> =>
  fc.oneof(
    often(3, fc.string({ unit: 'grapheme' })),
    often(1, fc.string({ unit: 'binary' })),
    often(
      2,
      fc.constantFrom(
        '',
        ' ',
        '\0',
        '%00',
        '\ud800',
        "' or 1=1--",
        '<script>x</script>',
        '"><x',
        '__proto__',
        '\r\nlocation: x',
        'x'.repeat(3_000),
      ),
    ),
  );
