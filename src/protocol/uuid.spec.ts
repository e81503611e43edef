import fc from 'fast-check';
import { isUuid, uuidv7 } from './uuid.js';

describe('UUID version 7 (RFC 9562 §5.7)', () => {
  it('holds the millisecond, the version and the variant', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        const id = uuidv7(date);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(date.getTime());
        expect(isUuid(id)).toBe(true);
      }),
    );
  });

  it('has 74 random bits: a thousand of one millisecond differ', () => {
    const now = new Date();
    expect(new Set(Array.from({ length: 1_000 }, () => uuidv7(now))).size).toBe(1_000);
  });

  it('sorts by time', () => {
    expect(uuidv7(new Date(1_000)) < uuidv7(new Date(1_001))).toBe(true);
  });
});

describe('isUuid', () => {
  const ID = '0190f6a5-7c3e-7d5b-8f00-0123456789ab';

  it('knows every canonical UUID, of any version', () => {
    fc.assert(fc.property(fc.uuid(), (id) => expect(isUuid(id)).toBe(true)));
    expect(isUuid('00000000-0000-0000-0000-000000000000')).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['capitals', ID.toUpperCase()],
    ['braces', `{${ID}}`],
    ['a URN', `urn:uuid:${ID}`],
    ['no dashes', ID.replaceAll('-', '')],
    ['a digit too few', ID.slice(0, -1)],
    ['a digit too many', `${ID}0`],
    ['a letter beyond f', `${ID.slice(0, -1)}g`],
    ['a dash in the wrong place', '0190f6a57-c3e-7d5b-8f00-0123456789ab'],
    ['a space', ` ${ID}`],
    ['a line break at the end', `${ID}\n`],
    ['SQL', `${ID.slice(0, -3)}' or`],
    ['full-width digits', `０${ID.slice(1)}`],
  ])('refuses %s', (_, value) => expect(isUuid(value)).toBe(false));
});
