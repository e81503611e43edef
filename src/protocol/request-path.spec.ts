import { requestPath } from './request-path.js';

describe('requestPath', () => {
  it.each([
    ['/auth/login', '/auth/login'],
    ['/auth/login?x=/auth/me', '/auth/login'],
    ['/auth/login#x?y', '/auth/login'],
    ['/%61uth/l%6Fgin?%ff', '/auth/login'],
    ['/caf%C3%A9', '/café'],
    ['http://id.example.com/auth/login?x', '/auth/login'],
    ['HTTPS://id.example.com:8443/tenant', '/tenant'],
    ['https://id.example.com', ''],
    ['//auth/login', '//auth/login'],
    ['*', '*'],
  ])('%s is %j', (target, path) => expect(requestPath(target)).toBe(path));

  // Another path: decoded, an escaped slash would be a separator (RFC 3986 §2.2).
  it.each(['/auth%2Flogin', '/auth%2flogin', '/auth/login%3Fx', '/auth/login%23'])(
    'leaves the reserved character of %s escaped',
    (target) => expect(requestPath(target)).toBe(target),
  );

  it('decodes once', () => expect(requestPath('/auth/l%256Fgin')).toBe('/auth/l%6Fgin'));

  it.each(['/%', '/auth/login%ff', '/auth/%c0%80', '/%zz/%61uth'])('leaves %s, which cannot be decoded, as it is', (target) =>
    expect(requestPath(target)).toBe(target),
  );
});
