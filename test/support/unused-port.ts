import { randomInt } from 'node:crypto';
import { freePort } from '../../src/service/embedded-database/free-port.js';

// Below what systems hand out by themselves (Linux from 32768, others from 49152): between the choice and the use, and while a server that is to come
// back on its port is down, no outgoing connection takes it, not even one to that very port.
const FIRST = 15_000;
const LAST = 32_000;
const ATTEMPTS = 100;

/** A port nobody listens on, for a process that must be told its port, or keep it. */
export async function unusedPort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = await freePort(randomInt(FIRST, LAST));
    if (port !== undefined) return port;
  }
  throw new Error('There is no free port.');
}
