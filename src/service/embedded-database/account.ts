import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** A system account that a child process runs as. */
export interface Account {
  uid: number;
  gid: number;
}

export interface RunResult {
  ok: boolean;
  /** Standard output and standard error, interleaved. */
  output: string;
}

/**
 * What database processes get instead of our own environment: nothing of ours (a master key, `PG*` variables) may
 * leak into them, and messages must be English, since a few of them are matched.
 */
export const databaseEnvironment = { LC_ALL: 'C', TZ: 'UTC' };

/** PostgreSQL refuses to run as root, so root lends it the account that owns nothing. Undefined: run as ourselves. */
export async function unprivilegedAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, , uid, gid] = /^nobody:.*$/m.exec(passwd)?.[0].split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

/** Runs a program to its end as `account`. Never rejects for what the program did: look at `ok`. */
export function runAs(account: Account | undefined, program: string, args: string[], stdin = ''): Promise<RunResult> {
  return new Promise((resolve) => {
    // The working directory is `/` because ours may be closed to that account, and initdb asks where it is.
    const child = spawn(program, args, { ...account, cwd: '/', env: databaseEnvironment, stdio: 'pipe' });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    // A program that ends without reading its input breaks the pipe; its exit status says what matters.
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

/**
 * Whether `account` may enter the folder or read the file. Asked of the system rather than worked out from mode bits:
 * every parent counts, and so do access lists and user namespaces.
 */
export async function mayRead(account: Account | undefined, path: string): Promise<boolean> {
  const script = 'if [ -d "$1" ]; then [ -x "$1" ]; else [ -r "$1" ]; fi';
  return (await runAs(account, '/bin/sh', ['-c', script, 'sh', path])).ok;
}
