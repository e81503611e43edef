import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { SealingKeys } from './sealing-keys.js';

const [newest, old, other] = [randomBytes(32), randomBytes(48), randomBytes(32)];
const keys = new SealingKeys('session', [newest, old]);
const content = Buffer.from('{"sub":"ada"}');

describe('SealingKeys (session.md R3, R4)', () => {
  it('opens what it sealed, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, place) => {
        const opened = keys.open(keys.seal(Buffer.from(bytes), place), place);
        return opened?.outdated === false && opened.content.equals(Buffer.from(bytes));
      }),
    );
  });

  it('seals the same content differently each time', () => {
    expect(keys.seal(content, 'name')).not.toBe(keys.seal(content, 'name'));
  });

  it('tells that an older key sealed it, and knows nothing of a key that has left the ring', () => {
    const byOld = new SealingKeys('session', [old]).seal(content, 'name');
    expect(keys.open(byOld, 'name')).toEqual({ content, outdated: true });
    expect(new SealingKeys('session', [newest]).open(byOld, 'name')).toBeUndefined();
    expect(new SealingKeys('session', [other, newest, old]).open(byOld, 'name')).toEqual({ content, outdated: true });
  });

  it('opens nothing of another purpose or place', () => {
    const sealed = keys.seal(content, 'name');
    expect(new SealingKeys('sign-in', [newest, old]).open(sealed, 'name')).toBeUndefined();
    expect(keys.open(sealed, 'another')).toBeUndefined();
    expect(keys.open(sealed, '')).toBeUndefined();
  });

  it('opens nothing that was altered, cut short or spelled otherwise', () => {
    const sealed = keys.seal(content, 'name');
    const bytes = Buffer.from(sealed, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(keys.open(altered.toString('base64url'), 'name')).toBeUndefined();
    }
    for (let length = 0; length < bytes.length; length++)
      expect(keys.open(bytes.subarray(0, length).toString('base64url'), 'name')).toBeUndefined();
    for (const text of ['', ' ', `${sealed}=`, `${sealed}\n`, ` ${sealed}`, `${sealed}AAAA`, sealed.replace(/^./, '+')])
      expect(keys.open(text, 'name')).toBeUndefined();
  });

  it('tells nothing of the keys', () => {
    const sealed = Buffer.from(keys.seal(content, 'name'), 'base64url').toString('hex');
    for (const secret of [newest, old]) expect(sealed).not.toContain(secret.subarray(0, 4).toString('hex'));
  });
});
