import { addressKey } from './address-key.js';

/** Refused refresh tokens and codes are counted by address, whichever door they knock at. */
export const refusedGrantKey = (address: string | undefined): string => `refused-grant-${addressKey(address)}`;
