import { Storage1764000000001 } from './1764000000001-storage.js';
import { ReaderRole1764000000002 } from './1764000000002-reader-role.js';
import { SigningIn1764000000003 } from './1764000000003-signing-in.js';
import { WebSessions1764000000004 } from './1764000000004-web-sessions.js';
import { WebSessionData1764000000005 } from './1764000000005-web-session-data.js';
import { ReaderFollowsLog1764000000006 } from './1764000000006-reader-follows-log.js';

/** All migrations, oldest first. */
export const migrations = [
  Storage1764000000001,
  ReaderRole1764000000002,
  SigningIn1764000000003,
  WebSessions1764000000004,
  WebSessionData1764000000005,
  ReaderFollowsLog1764000000006,
];
