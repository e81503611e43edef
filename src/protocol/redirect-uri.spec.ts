import fc from 'fast-check';
import { isNative, isRedirectUri, isRegistered, placeName, policySource, withParameters } from './redirect-uri.js';

const WEB = 'https://app.example/callback';

describe('What can be a redirect URI (RFC 6749 §3.1.2, RFC 8252 §7)', () => {
  it.each([
    WEB,
    'https://app.example',
    'https://app.example:8443/a/b?tenant=1&x=%20',
    'http://localhost:4001/callback',
    'http://127.0.0.1/callback',
    'http://127.0.0.9:80/',
    'http://[::1]/callback',
    'com.example.app:/callback',
    'com.example.app://host/callback',
    'https://[2001:db8::1]/callback',
  ])('%s', (uri) => expect(isRedirectUri(uri)).toBe(true));

  it.each([
    ['plain http', 'http://app.example/callback'],
    ['a host that begins like loopback', 'http://localhost.evil.example/'],
    ['an address that begins like loopback', 'http://127.0.0.1.evil.example/'],
    ['a host that would end a directive', 'https://a;script-src.example/'],
    ['a host with a comma', 'https://a,b.example/'],
    ['a fragment', `${WEB}#x`],
    ['an empty fragment', `${WEB}#`],
    ['a wildcard', 'https://*.example/callback'],
    ['a user', 'https://app.example@evil.example/'],
    ['a user and a password', 'https://user:secret@app.example/'],
    ['a password alone', 'https://:secret@app.example/'],
    ['an empty user', 'https://@app.example/'],
    ['a user in an app’s scheme', 'com.example.app://user@host/'],
    ['a scheme without a dot', 'myapp:/callback'],
    ['a script', 'javascript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['a path alone', '/callback'],
    ['no scheme', '//app.example/callback'],
    ['no slashes', 'https:app.example/callback'],
    ['one slash', 'https:/app.example/callback'],
    ['three slashes', 'https:///app.example/callback'],
    ['a backslash', 'https://app.example\\@evil.example/'],
    ['a blank', 'https://app.example/a b'],
    ['a line break', `${WEB}\r\nset-cookie: x=1`],
    ['a tab that URL parsers drop', 'https://app.\texample/'],
    ['a letter beyond ASCII', 'https://app.example/é'],
    ['a quotation mark', 'https://app.example/"x'],
    ['a port beyond all', 'https://app.example:65536/'],
    ['nothing', ''],
    ['too much', `https://app.example/${'x'.repeat(2000)}`],
  ])('not %s', (_, uri) => expect(isRedirectUri(uri)).toBe(false));

  it('a policy and a person can be told of each', () => {
    expect(policySource('https://app.example:8443/a?b')).toBe('https://app.example:8443');
    expect(policySource('http://127.0.0.1:4711/a')).toBe('http://127.0.0.1:4711');
    expect(policySource('http://[::1]:4711/a')).toBe('http:');
    expect(policySource('com.example.app:/callback')).toBe('com.example.app:');
    expect(placeName('https://app.example:8443/a?b')).toBe('app.example:8443');
    expect(placeName('com.example.app:/callback')).toBe('com.example.app');
  });

  it('others may listen on all but https (RFC 8252 §8.6)', () => {
    expect([WEB, 'HTTPS://app.example/', 'http://127.0.0.1/', 'com.example.app:/x'].map(isNative)).toEqual([false, false, true, true]);
  });
});

describe('Comparison with what is registered (RFC 9700 §4.1.3)', () => {
  it('finds the very string', () => {
    expect(isRegistered(WEB, ['https://other.example/', WEB], false)).toBe(true);
    expect(isRegistered('com.example.app:/callback', ['com.example.app:/callback'], true)).toBe(true);
  });

  it.each([
    ['a longer path', `${WEB}/more`],
    ['a shorter path', 'https://app.example/'],
    ['a longer name', `${WEB}x`],
    ['a trailing slash', `${WEB}/`],
    ['a query', `${WEB}?x=1`],
    ['an empty query', `${WEB}?`],
    ['a fragment', `${WEB}#x`],
    ['path traversal', `${WEB}/../callback`],
    ['path traversal out of it', `${WEB}/../../evil`],
    ['encoded path traversal', `${WEB}/%2e%2e/callback`],
    ['a dot segment', 'https://app.example/./callback'],
    ['a double slash', 'https://app.example//callback'],
    ['another case of the host', 'https://APP.example/callback'],
    ['another case of the path', 'https://app.example/Callback'],
    ['another case of the scheme', 'HTTPS://app.example/callback'],
    ['a letter percent-encoded', 'https://app.example/%63allback'],
    ['the default port', 'https://app.example:443/callback'],
    ['another port', 'https://app.example:8443/callback'],
    ['another scheme', 'http://app.example/callback'],
    ['a subdomain', 'https://x.app.example/callback'],
    ['a longer domain', 'https://app.example.evil.example/callback'],
    ['a trailing dot', 'https://app.example./callback'],
    ['a user', 'https://app.example@evil.example/callback'],
    ['the URI as a user', 'https://app.example%2Fcallback@evil.example/'],
    ['a backslash', 'https://app.example\\callback'],
    ['a leading blank', ` ${WEB}`],
    ['a trailing line break', `${WEB}\n`],
    ['a parameter of the path', `${WEB};x`],
    ['nothing', ''],
  ])('not %s', (_, sent) => {
    expect(isRegistered(sent, [WEB], false)).toBe(false);
    expect(isRegistered(sent, [WEB], true)).toBe(false);
  });

  it('finds nothing that could not be registered, though it is', () => {
    for (const uri of [`${WEB}#x`, 'http://app.example/callback', 'javascript:alert(1)'])
      expect(isRegistered(uri, [uri], true)).toBe(false);
  });

  const LOOPBACK = ['http://127.0.0.1/callback?x=1', 'http://[::1]/callback', 'http://localhost/callback', 'http://127.0.0.1:4711/fixed'];

  it.each([
    'http://127.0.0.1:1/callback?x=1',
    'http://127.0.0.1:65535/callback?x=1',
    'http://[::1]:51004/callback',
    'http://localhost:51004/callback',
    'http://127.0.0.1/callback?x=1',
    'http://127.0.0.1:4711/fixed',
  ])('the port of a native app on loopback is free (RFC 8252 §7.3): %s', (sent) => {
    expect(isRegistered(sent, LOOPBACK, true)).toBe(true);
    expect(isRegistered(sent, LOOPBACK, false)).toBe(LOOPBACK.includes(sent));
  });

  it.each([
    ['another path', 'http://127.0.0.1:51004/other?x=1'],
    ['another query', 'http://127.0.0.1:51004/callback?x=2'],
    ['no query', 'http://127.0.0.1:51004/callback'],
    ['a fragment', 'http://[::1]:51004/callback#x'],
    ['a user', 'http://user@[::1]:51004/callback'],
    ['a host as user', 'http://[::1]:51004@evil.example/callback'],
    ['a port that is a host', 'http://[::1]:51004.evil.example/callback'],
    ['no digits', 'http://[::1]:/callback'],
    ['port 0', 'http://[::1]:0/callback'],
    ['a leading zero', 'http://[::1]:080/callback'],
    ['a port beyond all', 'http://[::1]:65536/callback'],
    ['https', 'https://[::1]:51004/callback'],
    ['another spelling of ::1', 'http://[0:0:0:0:0:0:0:1]:51004/callback'],
    ['IPv6 that holds 127.0.0.1', 'http://[::ffff:127.0.0.1]:51004/callback?x=1'],
    ['another loopback address', 'http://127.0.0.2:51004/callback?x=1'],
    ['a short spelling of 127.0.0.1', 'http://127.1:51004/callback?x=1'],
    ['a decimal spelling of 127.0.0.1', 'http://2130706433:51004/callback?x=1'],
    ['another port of one that was registered with its own', 'http://127.0.0.1:4712/fixed'],
    ['no port of one that was registered with its own', 'http://127.0.0.1/fixed'],
  ])('but not %s', (_, sent) => expect(isRegistered(sent, LOOPBACK, true)).toBe(false));

  it('does not take localhost for an address, nor the other way round (RFC 8252 §8.3)', () => {
    expect(isRegistered('http://localhost:51004/callback', ['http://127.0.0.1/callback'], true)).toBe(false);
    expect(isRegistered('http://127.0.0.1:51004/callback', ['http://localhost/callback'], true)).toBe(false);
  });

  it('finds no string but those it knows, whatever is sent', () => {
    const near = fc
      .record({ at: fc.nat(40), cut: fc.nat(3), put: fc.string({ maxLength: 3 }) })
      .map(({ at, cut, put }) => WEB.slice(0, at) + put + WEB.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(near, fc.webUrl(), fc.string()), (sent) => {
        expect(isRegistered(sent, [WEB], true)).toBe(sent === WEB);
      }),
    );
  });
});

describe('The answer in the query (RFC 6749 §3.1.2)', () => {
  it.each([
    [WEB, `${WEB}?code=a+b%26&state=`],
    [`${WEB}?`, `${WEB}?code=a+b%26&state=`],
    [`${WEB}?x=%20y`, `${WEB}?x=%20y&code=a+b%26&state=`],
    [`${WEB}?x&`, `${WEB}?x&code=a+b%26&state=`],
    ['com.example.app:/cb', 'com.example.app:/cb?code=a+b%26&state='],
  ])('%s', (uri, expected) => expect(withParameters(uri, { code: 'a b&', state: '' })).toBe(expected));

  it('never leads elsewhere, and is read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (state) => {
        const url = new URL(withParameters(`${WEB}?x=1`, { state }));
        expect([url.origin, url.pathname, url.hash]).toEqual(['https://app.example', '/callback', '']);
        expect(url.searchParams.get('x')).toBe('1');
        expect(url.searchParams.get('state')).toBe(state);
      }),
    );
  });
});
