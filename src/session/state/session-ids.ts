import { randomBytes } from 'node:crypto';
import { sha256 } from '../../protocol/hashing.js';

const ID = /^[\w-]{42}[AEIMQUYcgkosw048]$/; // 32 bytes: one spelling only

/** 256 random bits, base64url: whoever has it has the session. */
export const newSessionId = (): string => randomBytes(32).toString('base64url');

export const isSessionId = (text: unknown): text is string => typeof text === 'string' && ID.test(text);

/** What the database, the log and events know of it. */
export const sessionIdHash = (id: string): Buffer => sha256(Buffer.from(id, 'base64url'));
