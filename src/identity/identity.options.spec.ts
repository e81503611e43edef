import { IDENTITY_DEFAULTS, resolveIdentityOptions } from './identity.options.js';

describe('resolveIdentityOptions', () => {
  it('fills in the defaults at every depth', () => {
    expect(resolveIdentityOptions()).toEqual(IDENTITY_DEFAULTS);
    const options = resolveIdentityOptions({
      onPasswordChange: 'all',
      lockOut: { account: { free: 3 } },
      argon2: { memoryCost: undefined },
    });
    expect(options).toEqual({
      ...IDENTITY_DEFAULTS,
      onPasswordChange: 'all',
      lockOut: { ...IDENTITY_DEFAULTS.lockOut, account: { ...IDENTITY_DEFAULTS.lockOut.account, free: 3 } },
    });
  });

  it.each([
    [{ registration: 'verified' }, /needs mail/],
    [{ registration: 'sometimes' }, /registration must be one of/],
    [{ onPasswordChange: 'some' }, /onPasswordChange must be one of/],
    [{ storage: 'off' }, /storage must be true or false/],
    [{ passwordPolicy: { minLength: 7 } }, /minLength must be a whole number from 8/],
    [{ passwordPolicy: { maxLength: 63 } }, /maxLength/],
    [{ passwordPolicy: { refuseCommon: 1 } }, /passwordPolicy\.refuseCommon/],
    [{ argon2: { memoryCost: 7000, timeCost: 10 } }, /memoryCost must be/],
    [{ argon2: { memoryCost: 8192, timeCost: 2 } }, /at least 35000/],
    [{ argon2: { parallelism: 1.5 } }, /parallelism/],
    [{ lockOut: { account: { free: 0 } } }, /lockOut\.account\.free/],
    [{ lockOut: { address: { longestBlock: 10 } } }, /must not be less than firstBlock/],
    [{ lockOut: { refresh: { forgetAfter: 10 } } }, /must not be less than longestBlock/],
    [{ rateLimits: { refreshesPerAddress: { limit: 0 } } }, /rateLimits\.refreshesPerAddress\.limit/],
    [{ rateLimits: { signInsPerAccount: { window: NaN } } }, /rateLimits\.signInsPerAccount\.window/],
  ])('refuses %j', (options, message) => {
    expect(() => resolveIdentityOptions(options as never)).toThrow(message);
  });
});
