import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { ValidateBy } from 'class-validator';
import { parseMasterKey } from './master-key-text.js';

/** How the text of a variable becomes a value. */
export interface VariableKind {
  /** As the documentation names it. */
  readonly type: string;
  /** Completes "PORT must be …". Never repeats what was given: it may be a secret that landed in the wrong variable. */
  readonly must: string;
  /** Undefined: the text has no such value. */
  readonly read: (text: string) => unknown;
  /** A check of class-validator with this message. */
  readonly check: (message: string) => PropertyDecorator;
}

/** Stands for a text that could not be read, until the checks have refused it. */
export const UNREADABLE = Symbol('Unreadable');

export const onOff: VariableKind = kind('on, off', 'on or off', (text) => SWITCHES.get(text.toLowerCase()));

export const oneOf = (...values: readonly string[]): VariableKind =>
  kind(values.join(', '), `one of ${values.join(', ')}`, (text) => values.find((value) => value.toLowerCase() === text.toLowerCase()));

export const wholeNumber = (least = 0, most = 999_999_999): VariableKind =>
  kind('whole number', least === 0 && most === 999_999_999 ? 'a whole number' : `a whole number from ${least} to ${most}`, (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : undefined;
    return value !== undefined && value >= least && value <= most ? value : undefined;
  });

const MOST_WORKERS = 128;
const numberOfWorkers = wholeNumber(1, MOST_WORKERS);

/** Node counts the cores this process may use: from Node 22 on with a container's limit. */
export const workers: VariableKind = kind('whole number, auto', `${numberOfWorkers.must}, or auto`, (text) =>
  text.toLowerCase() === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : numberOfWorkers.read(text),
);

/** Its bounds are the modules' own, who say them. */
export const seconds: VariableKind = { ...wholeNumber(), type: 'seconds', must: 'a whole number of seconds' };

export const text = (longest = 2000): VariableKind =>
  kind('text', `a text of at most ${longest} characters without control characters`, (value) =>
    value.length <= longest && !/[\0-\x1f\x7f]/.test(value) ? value : undefined,
  );

export const url = (...protocols: readonly string[]): VariableKind =>
  kind('URL', `a URL with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`, (value) =>
    URL.canParse(value) && protocols.includes(new URL(value).protocol) ? value : undefined,
  );

export const path: VariableKind = { ...text(), type: 'path', must: 'a path' };

// RFC 6749 §3.3
export const scopes = list('scopes', 'scope names, separated by spaces or commas', (word) =>
  /^[\x21\x23-\x5B\x5D-\x7E]{1,100}$/.test(word),
);

export const hosts = list(
  'IP addresses',
  'IP addresses to listen on, or localhost, separated by commas',
  (word) => isIP(word) !== 0 || word.toLowerCase() === 'localhost',
);

export const networks = list(
  'addresses and networks',
  'IP addresses or networks such as 10.0.0.0/8, separated by commas; not all of the internet',
  isNetwork,
);

export const masterKey = kind(
  '32 bytes, base64 or hex',
  '32 random bytes in base64, base64url or hex, for example from: openssl rand -base64 32',
  parseMasterKey,
);

const SWITCHES = new Map([
  ...['on', 'true', '1', 'yes'].map((word) => [word, true] as const),
  ...['off', 'false', '0', 'no'].map((word) => [word, false] as const),
]);

function kind(type: string, must: string, read: (text: string) => unknown): VariableKind {
  const validate = (value: unknown): boolean => value === undefined || value !== UNREADABLE;
  return { type, must, read, check: (message) => ValidateBy({ name: type, validator: { validate } }, { message }) };
}

function list(type: string, must: string, fits: (word: string) => boolean): VariableKind {
  return kind(type, must, (value) => {
    const words = [...new Set(value.split(/[\s,]+/).filter((word) => word !== ''))];
    return words.length > 0 && words.every(fits) ? words : undefined;
  });
}

/** Whoever is believed may claim any address: a prefix of zero bits would let everybody. */
function isNetwork(word: string): boolean {
  const [address = '', prefix, rest] = word.split('/');
  const version = isIP(address);
  if (version === 0 || rest !== undefined) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) >= 1 && Number(prefix) <= (version === 4 ? 32 : 128));
}
