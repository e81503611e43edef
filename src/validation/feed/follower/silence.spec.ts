import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { createServer, connect, type AddressInfo } from 'node:net';
import { Silence } from './silence.js';

const block = (milliseconds: number): void => {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
};

describe('Silence', () => {
  it('is told once, and not while something is heard', async () => {
    let told = 0;
    const silence = new Silence(() => told++);
    silence.expect(60);
    // For longer than that, however slow the machine is: what was heard in time is never taken for silence.
    for (const end = performance.now() + 200; performance.now() < end; await nextTurn()) silence.heard();
    const before = told;
    while (told === 0) await sleep(5);
    await sleep(100);
    silence.end();
    expect([before, told]).toEqual([0, 1]);
  });

  it('is not told of when it has ended', async () => {
    let told = 0;
    const silence = new Silence(() => told++);
    silence.expect(10);
    silence.end();
    silence.heard();
    await sleep(50);
    expect(told).toBe(0);
  });

  it('is not what a busy process makes of it', async () => {
    const server = createServer((socket) => void socket.write('x'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let told = 0;
    const silence = new Silence(() => told++);
    const heard = new Promise<void>((resolve) =>
      socket.once('data', () => {
        silence.heard();
        resolve();
      }),
    );
    await new Promise((resolve) => socket.once('connect', resolve));
    silence.expect(10);
    setImmediate(() => block(50)); // the byte comes, and the timer runs out, while nobody can look
    await heard;
    silence.end();
    await sleep(20);
    socket.destroy();
    server.close();
    expect(told).toBe(0);
  });
});
