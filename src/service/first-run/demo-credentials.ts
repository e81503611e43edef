import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../embedded-database/replace-file.js';

/** Random at the first start, kept so that the next one can print them again. */
export interface DemoCredentials {
  readonly password: string;
  readonly serviceSecret: string;
  readonly apiSecret: string;
}

export const newSecret = (): string => `cs_cs_${randomBytes(32).toString('base64url')}`;

/** Those in the folder; new ones where there are none, in a file that this account alone can read. */
export async function demoCredentials(directory: string): Promise<DemoCredentials> {
  const path = join(directory, 'demo-credentials.json');
  const kept = parse(await readFile(path, 'utf8').catch(unlessMissing));
  if (kept) return kept;
  const made = { password: randomBytes(12).toString('base64url'), serviceSecret: newSecret(), apiSecret: newSecret() };
  await replaceFile(path, `${JSON.stringify(made, undefined, 2)}\n`, 0o600);
  return made;
}

function parse(text: string): DemoCredentials | undefined {
  try {
    const { password, serviceSecret, apiSecret } = JSON.parse(text) as Partial<DemoCredentials>;
    return password && serviceSecret && apiSecret ? { password, serviceSecret, apiSecret } : undefined;
  } catch {
    return undefined;
  }
}

function unlessMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}
