import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { isNavigation, mayBeForged, returnPath, type CsrfMode } from './navigation.js';

const ORIGIN = 'https://app.example';
const request = (method: string, headers: Readonly<Record<string, string>>): IncomingMessage =>
  ({ method, headers }) as unknown as IncomingMessage;

describe('isNavigation (session.md R36)', () => {
  it.each<[string, Record<string, string>, boolean]>([
    ['GET', { 'sec-fetch-mode': 'navigate' }, true],
    ['HEAD', { 'sec-fetch-mode': 'navigate' }, true],
    ['POST', { 'sec-fetch-mode': 'navigate' }, false],
    ['GET', { 'sec-fetch-mode': 'cors', accept: 'text/html' }, false],
    ['GET', { accept: 'text/html,*/*' }, true],
    ['GET', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }, false],
    ['GET', { accept: 'application/json' }, false],
    ['GET', {}, false],
  ])('%s %j: %s', (method, headers, expected) => expect(isNavigation(request(method, headers))).toBe(expected));
});

describe('mayBeForged (session.md R35)', () => {
  it.each<[CsrfMode, string, Record<string, string>, boolean]>([
    ['header', 'GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' }, false], // a link
    ['header', 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin', 'x-csrf': '1' }, false],
    ['header', 'GET', { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }, true],
    ['header', 'POST', { 'x-csrf': '1' }, false],
    ['header', 'POST', { 'x-csrf': '0' }, true],
    ['header', 'POST', { 'x-csrf': '1', 'sec-fetch-site': 'cross-site' }, true],
    ['header', 'POST', { 'x-csrf': '1', 'sec-fetch-site': 'same-site' }, true],
    ['header', 'POST', { 'x-csrf': '1', origin: 'https://evil.example' }, true],
    ['header', 'POST', { 'x-csrf': '1', origin: 'null' }, true],
    ['header', 'POST', { 'x-csrf': '1', origin: ORIGIN }, false],
    ['header', 'POST', { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', origin: ORIGIN }, true], // a form
    ['origin', 'POST', { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', origin: ORIGIN }, false],
    ['origin', 'POST', { origin: ORIGIN }, false],
    ['origin', 'POST', { 'sec-fetch-site': 'same-origin' }, false],
    ['origin', 'POST', { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', origin: 'null' }, false], // Referrer-Policy: no-referrer
    ['header', 'POST', { 'sec-fetch-site': 'same-origin', origin: 'null', 'x-csrf': '1' }, false],
    ['origin', 'POST', { 'sec-fetch-site': 'cross-site', origin: 'null' }, true],
    ['origin', 'POST', { 'sec-fetch-site': 'same-site', origin: 'null' }, true],
    ['origin', 'POST', { 'sec-fetch-site': 'none', origin: 'null' }, true],
    ['origin', 'POST', { origin: 'null' }, true],
    ['origin', 'POST', {}, true],
    ['origin', 'POST', { origin: 'https://app.example.evil' }, true],
  ])('%s: %s %j: %s', (mode, method, headers, expected) => expect(mayBeForged(request(method, headers), mode, ORIGIN)).toBe(expected));
});

describe('returnPath (session.md R34)', () => {
  it.each([
    ...['/', '/orders', '/orders?open=1&x=%20', '/a/b#c', '/caf%C3%A9'],
    ...['/search?text=a%0D%0Ab', '/search?text=%E4', '/search?100%', `/${'a'.repeat(199)}`],
  ])('keeps %s', (path) => expect(returnPath(path)).toBe(path));

  it.each([
    ...[
      '',
      'orders',
      '//evil.example',
      '/\\evil.example',
      '\\/evil.example',
      '/%2fevil.example',
      '/%2F%2Fevil.example',
      '/%5cevil.example',
    ],
    ...[
      'https://evil.example',
      'javascript:alert(1)',
      '/\t/evil.example',
      '/a\r\nx: y',
      '/%0d%0ax',
      '/%00',
      '/%',
      '/a b',
      '/a"b',
      '/é',
      undefined,
      1,
      ['/a'],
    ],
  ])('is the front page for %j', (path) => expect(returnPath(path)).toBe('/'));

  it.each([
    [`/orders?x=${'y'.repeat(200)}`, '/orders'],
    [`/orders#${'y'.repeat(200)}`, '/orders'],
    [`/${'a'.repeat(200)}?x=y`, '/'],
  ])('of what is too long, %s, keeps the path at most', (text, path) => expect(returnPath(text)).toBe(path));

  it('never leads to another origin', () => {
    const letters = fc.constantFrom('/', '\\', '%2f', '%5C', '.', '@', ':', 'evil.example', '\t', '%09', '?', '#');
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 8 }), (parts) => {
        const path = returnPath(parts.join(''));
        return new URL(path, ORIGIN).origin === ORIGIN && new URL(decodeURIComponent(path), ORIGIN).origin === ORIGIN;
      }),
    );
  });
});
