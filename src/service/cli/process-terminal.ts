import { Writable } from 'node:stream';
import { createInterface } from 'node:readline/promises';
import { Refusal, type Terminal } from './terminal.js';

/** The process's own. */
export const processTerminal: Terminal = {
  environment: undefined,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  read: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  },
  ask: async (question) => {
    if (!process.stdin.isTTY) throw new Refusal('There is no terminal to ask at: pipe it in with --password-stdin.');
    process.stderr.write(question);
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const reader = createInterface({ input: process.stdin, output: silent, terminal: true });
    try {
      return await reader.question('');
    } finally {
      reader.close();
      process.stderr.write('\n');
    }
  },
};
