import { connect, type Socket } from 'node:net';
import { machineTime } from './machine-time.js';

/** What a process with many followers is told to do. */
export interface FollowerSettings {
  readonly port: number;
  readonly token: string;
  readonly cursor: string;
  readonly followers: number;
  /** Rows to come, each with its number from 1 on as the last 8 bytes of its key. */
  readonly rows: number;
}

/** How long each of them took to each follower, in milliseconds. */
export interface FollowerReport {
  readonly lost: number;
  readonly twice: number;
  readonly dropped: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const AT_ONCE = 50;
const { port, token, cursor, followers, rows } = JSON.parse(process.env['FOLLOW'] ?? '') as FollowerSettings;
const head = [
  'GET /connect/revocations HTTP/1.1',
  'Host: localhost',
  'Accept: text/event-stream',
  `Authorization: Bearer ${token}`,
  `Last-Event-ID: ${cursor}`,
];
const came = new Float64Array(followers * rows);
const known = new Map<string, readonly number[]>();
let [twice, dropped] = [0, 0];

/** All streams get the same text. */
function numbersIn(ids: string): readonly number[] {
  const found = known.get(ids);
  if (found) return found;
  const bytes = Buffer.from(ids, 'base64url');
  const numbers = Array.from({ length: bytes.length / 8 }, (_, n) => Number(bytes.readBigUInt64BE(8 * n)));
  known.set(ids, numbers);
  return numbers;
}

function note(follower: number, event: string): void {
  const at = machineTime();
  for (const [, ids = ''] of event.matchAll(/"ids":"([\w-]+)"/g)) {
    for (const number of numbersIn(ids)) {
      const place = follower * rows + number - 1;
      if (came[place] !== 0) twice++;
      came[place] = at;
    }
  }
}

/** Until the first event has come. */
function follow(follower: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head.join('\r\n')}\r\n\r\n`));
    socket.setEncoding('latin1');
    socket.on('data', (part: unknown) => {
      const events = (text + String(part)).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) note(follower, event);
      if (events.length > 0) resolve(socket);
    });
    socket.on('error', reject);
    socket.on('close', () => {
      dropped++;
      reject(new Error(text));
    });
  });
}

for (let from = 0; from < followers; from += AT_ONCE)
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, followers - from) }, (_, n) => follow(from + n)));

process.on('message', (sent: readonly number[]) => {
  const delays = came.map((at, place) => (at === 0 ? Infinity : at - (sent[place % rows] ?? NaN))).sort();
  const at = (share: number): number => delays[Math.min(delays.length - 1, Math.floor(share * delays.length))] ?? NaN;
  const lost = delays.filter((delay) => delay === Infinity).length;
  process.send?.({ lost, twice, dropped, p50: at(0.5), p99: at(0.99), max: at(1) } satisfies FollowerReport);
});
process.on('disconnect', () => process.exit(0));
process.send?.('following');
