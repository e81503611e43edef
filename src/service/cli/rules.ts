import { isSecureUrl } from '../../protocol/secure-url.js';

/** A list with the fault, or none. */
export const when = (wrong: boolean, fault: string): string[] => (wrong ? [fault] : []);

/** What somebody typed, as it may be shown. */
export const shown = (text: string): string => JSON.stringify(text.slice(0, 100));

/** Where this server may send requests itself: https, or http to loopback, without user information and fragment. */
export const isSecureAddress = (text: string): boolean =>
  text.length <= 2000 && isSecureUrl(text) && !text.includes('#') && new URL(text).username === '' && new URL(text).password === '';
