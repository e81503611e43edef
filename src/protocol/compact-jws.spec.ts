import { parseJsonObject, parsePart, splitCompactJws } from './compact-jws.js';

const part = (value: string): string => Buffer.from(value).toString('base64url');

describe('splitCompactJws', () => {
  it('takes a JWS apart', () => {
    expect(splitCompactJws('eyJhIjoxfQ.e30.AAAA')).toEqual({ header: 'eyJhIjoxfQ', payload: 'e30', signature: 'AAAA' });
  });

  it.each([
    '',
    'a',
    'a.b',
    'a.b.',
    '.b.AAAA',
    'a..AAAA',
    'a.b.AAAA.c',
    'a.b.AAAA\n',
    ' a.b.AAAA',
    'a.b.AA==',
    'a+/.b.AAAA',
    'a.b.AAB',
    'a.b.A',
  ])('refuses %j', (text) => expect(splitCompactJws(text)).toBeUndefined());

  it('refuses what is too long to be sent in a header', () => {
    const ofLength = (length: number): string => `a.${'b'.repeat(length - 7)}.AAAA`;
    expect(ofLength(8_192)).toHaveLength(8_192);
    expect(splitCompactJws(ofLength(8_192))).toBeDefined();
    expect(splitCompactJws(ofLength(8_193))).toBeUndefined();
  });
});

describe('parsePart', () => {
  it('reads an object', () => expect(parsePart(part('{"a":{"b":"ä"}}'))).toEqual({ a: { b: 'ä' } }));

  it.each(['', 'x', 'null', '1', '"a"', '[]', '{', '{"a":1}x'])('is undefined for %j', (json) => {
    expect(parsePart(part(json))).toBeUndefined();
    expect(parseJsonObject(Buffer.from(json))).toBeUndefined();
  });
});
