import { identityOptionFaults, withIdentityDefaults } from '../../identity/identity.options.js';
import { issuanceFaults } from '../../issuance/issuance.options.js';
import type { Environment } from './variables.js';
import { readMasterKeyFile } from './master-key-text.js';
import { identityOptions, issuanceOptions, NEEDS_PAGES } from './module-options.js';
import { readPageTexts } from './page-texts.js';

/** A key of the right form, for checks of everything but the key. */
const SOME_KEY = Buffer.from('0123456789abcdef0123456789abcdef');

/**
 * What no single variable shows: faults of the modules' options, and variables that contradict each other. Each with what to change.
 * `misfits` are undefined because they were refused already.
 */
export function contradictions(environment: Environment, misfits: ReadonlySet<string> = new Set()): string[] {
  return [
    ...(misfits.has('MASTER_KEY') || misfits.has('MASTER_KEY_FILE') ? [] : masterKeyFaults(environment)),
    ...[
      // Without pages other variables are refused below for that reason, and not for each other.
      ...issuanceFaults(issuanceOptions({ ...environment, PAGES: true }, SOME_KEY)),
      ...identityOptionFaults(withIdentityDefaults(identityOptions(environment))),
    ].map(inVariables),
    ...pageFaults(environment),
  ];
}

function masterKeyFaults(environment: Environment): string[] {
  const { MASTER_KEY, MASTER_KEY_FILE, DATABASE_URL, NODE_ENV } = environment;
  if (MASTER_KEY && MASTER_KEY_FILE) return ['MASTER_KEY and MASTER_KEY_FILE are both set: remove one of them.'];
  if (MASTER_KEY_FILE) {
    const read = readMasterKeyFile(MASTER_KEY_FILE);
    return 'fault' in read ? [read.fault] : [];
  }
  const needed = DATABASE_URL !== undefined ? 'DATABASE_URL is set' : NODE_ENV === 'production' ? 'NODE_ENV is production' : undefined;
  if (MASTER_KEY || needed === undefined) return [];
  return [
    `MASTER_KEY is required because ${needed}: set it, or MASTER_KEY_FILE, to 32 random bytes, for example from: openssl rand -base64 32`,
  ];
}

function pageFaults(environment: Environment): string[] {
  const { PAGES, PAGE_TEXTS, TOKEN_STORAGE } = environment;
  const read = PAGE_TEXTS === undefined ? { texts: {} } : readPageTexts(PAGE_TEXTS);
  // Without token storage they are refused for that reason.
  const alone =
    PAGES === false && TOKEN_STORAGE ? [...NEEDS_PAGES, 'REQUIRE_PUSHED_REQUESTS' as const].filter((name) => environment[name]) : [];
  return [...('fault' in read ? [read.fault] : []), ...alone.map((name) => `${name} needs the pages: turn it off, or PAGES on.`)];
}

/** The modules name their options; whoever sets variables must read the variables' names. */
const inVariables = (fault: string): string =>
  fault
    .split(/("[^"]*")/) // what is quoted is to be typed as it is
    .map((part) => (part.startsWith('"') ? part : withVariables(part)))
    .join('');

const withVariables = (words: string): string =>
  OTHER_NAMES.reduce((sentence, [ours, theirs]) => sentence.replaceAll(ours, theirs), words)
    // The rest are the same words in another spelling: accessTokenLifetime is ACCESS_TOKEN_LIFETIME.
    .replace(/\b[a-z]+(?:[A-Z][a-z]+)+\b/g, (name) => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());

const OTHER_NAMES = [
  ['The introspection endpoint', 'INTROSPECTION_ENDPOINT'],
  ['The revocation endpoint', 'REVOCATION_ENDPOINT'],
  ['The revocation feed endpoint', 'REVOCATION_FEED_ENDPOINT'],
  ['The authorization endpoint', 'AUTHORIZATION_ENDPOINT'],
  ['The pushed authorization endpoint', 'PUSHED_AUTHORIZATION_ENDPOINT'],
  ['The device authorization endpoint', 'DEVICE_ENDPOINT'],
  ['The userinfo endpoint', 'USERINFO_ENDPOINT'],
  ['The end session endpoint', 'END_SESSION_ENDPOINT'],
  ['The grant type client_credentials', 'GRANT_CLIENT_CREDENTIALS'],
  ['The grant type refresh_token', 'GRANT_REFRESH_TOKEN'],
  ['The grant type authorization_code', 'GRANT_AUTHORIZATION_CODE'],
  ['The grant type device_code', 'GRANT_DEVICE_CODE'],
  ['the token endpoint', 'TOKEN_ENDPOINT'],
  ['the authorization endpoint', 'AUTHORIZATION_ENDPOINT'],
  ['the pushed authorization endpoint', 'PUSHED_AUTHORIZATION_ENDPOINT'],
  ['the grant type authorization_code', 'GRANT_AUTHORIZATION_CODE'],
  ['pages.enabled', 'PAGES'],
  ['or storage on', 'or TOKEN_STORAGE on'],
  ['pages.name', 'PAGE_NAME'],
  ['pages.logo', 'PAGE_LOGO'],
  ['pages.color', 'PAGE_COLOR'],
  ['pages.texts', 'PAGE_TEXTS'],
  ['pages.templates', 'PAGE_TEMPLATES'],
  ['sessionLifetime', 'SIGN_IN_SESSION_LIFETIME'],
  ["registration: 'verified'", 'REGISTRATION=verified'],
  ["'immediate', or 'off'", 'REGISTRATION=immediate, or off'],
  ['issuer', 'ISSUER'],
  ['leeway', 'LEEWAY'],
  ['retention', 'RETENTION'],
] as const;
