import { hash } from 'node:crypto';

/** What caches know a token by: they hold no token that could be read from memory. */
export const tokenDigest = (token: string): string => hash('sha256', token, 'base64url');
