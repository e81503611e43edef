import { isSkipped } from './skipped-paths.js';

describe('Paths without sessions (session.md R31)', () => {
  it.each(['/assets', '/assets/', '/assets/app.js', '/assets/app.js?x=/../orders', '/public/a', '/public/.a/..b'])('%s is one', (url) =>
    expect(isSkipped(url, ['/assets', '/public/'])).toBe(true),
  );

  it.each([
    ...['/', '/assetsx', '/public', '/orders', '/orders?/assets', undefined],
    ...[
      '/assets/../orders',
      '/assets/..',
      '/assets/%2e%2e/orders',
      '/assets/..%2forders',
      '/assets/..\\orders',
      '/assets//orders',
      '/ASSETS/x',
    ],
  ])('%s is none', (url) => expect(isSkipped(url, ['/assets', '/public/'])).toBe(false));
});
