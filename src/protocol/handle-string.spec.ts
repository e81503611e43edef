import fc from 'fast-check';
import {
  formatHandle,
  handleHash,
  HandlePrefix,
  newHandle,
  openForHandle,
  parseHandle,
  sealForHandle,
  type Handle,
} from './handle-string.js';

const prefix = fc.constantFrom(...Object.values(HandlePrefix));
const handle: fc.Arbitrary<Handle> = fc.record({
  id: fc.uuid(),
  identifier: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
});
const ID = '0190f6a5-7c3e-7d5b-8f00-0123456789ab';
const GENUINE: Handle = { id: ID, identifier: Buffer.alloc(32, 0x5a) };
const genuine = formatHandle('cs_ss_', GENUINE);

describe('The string of a handle', () => {
  it('is read back as it was written, by its own kind only', () => {
    fc.assert(
      fc.property(prefix, prefix, handle, (kind, other, one) => {
        const text = formatHandle(kind, one);
        expect(text).toMatch(/^cs_(br|ss|pr|dc)_[A-Za-z0-9_-]{64}$/);
        expect(parseHandle(other, text)).toEqual(other === kind ? one : undefined);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['the prefix alone', 'cs_ss_'],
    ['a character less', genuine.slice(0, -1)],
    ['a character more', `${genuine}A`],
    ['padding', `${genuine.slice(0, -1)}=`],
    ['the other alphabet', `cs_ss_${'+/'.repeat(32)}`],
    ['white space', ` ${genuine}`],
    ['a line break behind', `${genuine}\n`],
    ['another case of the prefix', genuine.replace('cs_ss_', 'CS_SS_')],
    ['a character outside ASCII', `${genuine.slice(0, -1)}é`],
  ])('refuses %s', (_, text) => {
    expect(parseHandle('cs_ss_', text)).toBeUndefined();
  });

  it('has 256 random bits', () => {
    const [one, other] = [newHandle(ID), newHandle(ID)];
    expect(one.identifier).toHaveLength(32);
    expect(one.identifier.equals(other.identifier)).toBe(false);
  });
});

describe('The hash of a handle', () => {
  it('depends on kind, id and identifier', () => {
    const others = [
      handleHash('cs_br_', GENUINE),
      handleHash('cs_ss_', { ...GENUINE, id: ID.replace('0190', '0191') }),
      handleHash('cs_ss_', { ...GENUINE, identifier: Buffer.alloc(32, 0x5b) }),
    ];
    const hash = handleHash('cs_ss_', GENUINE);
    expect(hash).toHaveLength(32);
    for (const other of others) expect(other.equals(hash)).toBe(false);
    expect(handleHash('cs_ss_', GENUINE)).toEqual(hash);
  });
});

describe('What is sealed for a handle', () => {
  it('is opened by it, and by nothing else', () => {
    fc.assert(
      fc.property(prefix, handle, handle, fc.dictionary(fc.string(), fc.jsonValue()), (kind, one, other, content) => {
        const value = JSON.parse(JSON.stringify(content)) as object;
        const sealed = sealForHandle(kind, one, value);
        expect(openForHandle(kind, one, sealed)).toEqual(value);
        expect(openForHandle(kind, { ...one, id: other.id }, sealed)).toEqual(one.id === other.id ? value : undefined);
        expect(openForHandle(kind, { ...one, identifier: other.identifier }, sealed)).toBeUndefined();
        expect(openForHandle(kind === 'cs_pr_' ? 'cs_dc_' : 'cs_pr_', one, sealed)).toBeUndefined();
      }),
    );
  });

  it('does not open altered or truncated, and shows nothing of what it holds', () => {
    const sealed = sealForHandle('cs_pr_', GENUINE, { state: 'secret' });
    expect(sealed.includes('secret')).toBe(false);
    for (let byte = 0; byte < sealed.length; byte++) {
      const altered = Buffer.from(sealed);
      altered[byte] = (altered[byte] ?? 0) ^ 1;
      expect(openForHandle('cs_pr_', GENUINE, altered)).toBeUndefined();
      expect(openForHandle('cs_pr_', GENUINE, sealed.subarray(0, byte))).toBeUndefined();
    }
  });
});
