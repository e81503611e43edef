import fc from 'fast-check';
import { prefers } from './accept.js';

const SIGNED = 'application/token-introspection+jwt';
const asks = (accept: string | undefined): boolean => prefers(accept, SIGNED, 'application/json');

describe('prefers (RFC 9110 §12.5.1)', () => {
  it.each([
    SIGNED,
    'Application/Token-Introspection+JWT',
    `${SIGNED}, application/json`,
    `application/json;q=0.9,${SIGNED}`,
    `${SIGNED};q=0.5, application/json;q=0.4`,
    `${SIGNED} ; q=0.5 , */*;q=0.1`,
    `${SIGNED}, */*`,
    `*/*, application/json;q=0.1, ${SIGNED};q=0.2`,
    `text/html, ${SIGNED};q=0.001`,
    `${SIGNED};q=0, ${SIGNED};q=1`,
    `${SIGNED};charset=utf-8;q=1.000`,
    `,,${SIGNED},`,
  ])('is so with %s', (accept) => {
    expect(asks(accept)).toBe(true);
  });

  it.each([
    undefined,
    '',
    ',',
    '*/*',
    'application/*',
    'application/json',
    'application/jwt',
    'application/token-introspection',
    `${SIGNED};q=0`,
    `${SIGNED};q=0.000`,
    `${SIGNED};q=0.4, application/json;q=0.5`,
    `${SIGNED};q=0.4, application/json`,
    `${SIGNED};q=0.4, application/*;q=0.5`,
    `${SIGNED};q=0.9, */*`,
    `${SIGNED};q=2`,
    `${SIGNED};q=-1`,
    `${SIGNED};q=abc`,
    `${SIGNED};q=`,
    `x${SIGNED}`,
    `${SIGNED}x`,
    `text/plain;x=${SIGNED}`,
    'token-introspection+jwt',
  ])('is not so with %s', (accept) => {
    expect(asks(accept)).toBe(false);
  });

  it('needs the name, whatever else is said', () => {
    fc.assert(fc.property(fc.string(), (accept) => expect(asks(accept)).toBe(false)));
  });

  it('does not depend on the order', () => {
    const range = fc
      .tuple(
        fc.constantFrom(SIGNED, 'application/json', 'application/*', '*/*', 'text/html'),
        fc.constantFrom('', ';q=0', ';q=0.5', ';q=1'),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 5 }), (ranges) => expect(asks([...ranges].reverse().join())).toBe(asks(ranges.join()))),
    );
  });
});
