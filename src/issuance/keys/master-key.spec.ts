import { createHmac, randomBytes } from 'node:crypto';
import { MasterKey } from './master-key.js';

describe('MasterKey', () => {
  it('derives by HKDF-SHA256 (RFC 5869): a key for each purpose and master key', () => {
    const key = Buffer.alloc(32, 7);
    const extracted = createHmac('sha256', Buffer.alloc(32)).update(key).digest();
    const expanded = createHmac('sha256', extracted).update('countersign user codes').update(Buffer.of(1)).digest();
    expect(new MasterKey(key).derive('user codes')).toEqual(expanded);
    expect(new MasterKey(key).derive('something else')).not.toEqual(expanded);
    expect(new MasterKey(randomBytes(32)).derive('user codes')).not.toEqual(expanded);
  });

  it('opens what it sealed, for the same key name only, and nothing that was altered', () => {
    const master = new MasterKey(randomBytes(32));
    const secret = randomBytes(40);
    const sealed = master.seal(secret, 'sign:ES256:a');
    expect(master.open(sealed, 'sign:ES256:a')).toEqual(secret);
    expect(() => master.open(sealed, 'sign:ES256:b')).toThrow(/another master key/);
    expect(() => new MasterKey(randomBytes(32)).open(sealed, 'sign:ES256:a')).toThrow(/another master key/);
    sealed.writeUInt8(sealed.readUInt8(20) ^ 1, 20);
    expect(() => master.open(sealed, 'sign:ES256:a')).toThrow(/another master key/);
  });
});
