import { addressKey } from './address-key.js';

describe('addressKey', () => {
  it.each([
    ['192.0.2.1', 'address:192.0.2.1'],
    ['::ffff:192.0.2.1', 'address:192.0.2.1'],
    ['::FFFF:192.0.2.1', 'address:192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', 'address:2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', 'address:2001:db8:1:2::/64'],
    ['2001:db8::1', 'address:2001:db8:0:0::/64'],
    ['::1', 'address:0:0:0:0::/64'],
    ['fe80::1%eth0', 'address:fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', 'address:64:ff9b:0:0::/64'],
    ['1:2:3:4:5:6:192.0.2.1', 'address:1:2:3:4::/64'],
    ['1:2:3::', 'address:1:2:3:0::/64'],
    ['', 'address:'],
    [undefined, 'address:'],
  ])('%s → %s', (address, key) => expect(addressKey(address)).toBe(key));
});
