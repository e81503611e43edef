import { readFileSync } from 'node:fs';

const BYTES = 32;

/** 32 bytes from hex, base64 or base64url, padded or not. Undefined for anything else, and for a key that is one byte repeated. */
export function parseMasterKey(text: string): Buffer | undefined {
  const key = decode(text.trim());
  return key?.length === BYTES && new Set(key).size > 1 ? key : undefined;
}

/** The key in a file, or why there is none. A secret that an orchestrator mounts. */
export function readMasterKeyFile(path: string): { readonly key: Buffer } | { readonly fault: string } {
  try {
    const key = parseMasterKey(readFileSync(path, 'utf8'));
    return key ? { key } : { fault: 'The file that MASTER_KEY_FILE names must hold 32 random bytes in base64, base64url or hex.' };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return {
      fault: `The file that MASTER_KEY_FILE names cannot be read (${code ?? 'unknown error'}): correct the path or its permissions.`,
    };
  }
}

function decode(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[\w-]{43}=?$/.test(text)) return Buffer.from(text, 'base64url');
  return /^[A-Za-z0-9+/]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}
