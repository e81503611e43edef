import { createServer, request, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addLateCookies } from './late-cookies.js';

const OURS = ['session=1.abcd.x; Path=/', 'session-1=; Max-Age=0'];

/** What arrives of a response written like that. */
async function arrives(write: (response: ServerResponse) => void, lines: () => readonly string[] = () => OURS) {
  const server = createServer((_, response) => {
    addLateCookies(response, lines);
    write(response);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const answer = await new Promise<{ status: number | undefined; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
    request({ port, host: '127.0.0.1', agent: false }, (incoming) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
      incoming.on('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, text }));
    })
      .on('error', reject)
      .end();
  });
  server.close();
  return answer;
}

describe('Cookies that are added when the head is written (session.md R28)', () => {
  it.each<[string, number, (response: ServerResponse) => void]>([
    ['end alone', 200, (response) => response.end('body')],
    ['write, then end', 200, (response) => (response.write('bo'), response.end('dy'))],
    ['setHeader', 200, (response) => (response.setHeader('set-cookie', 'own=1'), response.end('body'))],
    ['several by setHeader', 200, (response) => (response.setHeader('Set-Cookie', ['own=1', 'own2=2']), response.end('body'))],
    ['writeHead', 201, (response) => response.writeHead(201).end('body')],
    ['writeHead with a message', 200, (response) => response.writeHead(200, 'Fine', { 'X-A': '1', 'Set-Cookie': 'own=1' }).end('body')],
    ['writeHead with an object', 302, (response) => response.writeHead(302, { location: '/x', 'SET-COOKIE': ['own=1'] }).end('body')],
    ['writeHead with a flat list', 200, (response) => response.writeHead(200, ['Set-Cookie', 'own=1', 'Set-Cookie', 'own2=2']).end('body')],
    [
      'setHeader, then writeHead',
      200,
      (response) => (response.setHeader('set-cookie', 'own=1'), response.writeHead(200, { 'x-a': '1' }).end('body')),
    ],
    ['flushHeaders', 200, (response) => (response.flushHeaders(), response.end('body'))],
    ['an error', 500, (response) => ((response.statusCode = 500), response.end('body'))],
  ])('arrive with %s, and those of the app as well', async (how, status, write) => {
    const answer = await arrives(write);
    const own = /setHeader|message|object|list/.test(how) ? (/several|list/.test(how) ? ['own=1', 'own2=2'] : ['own=1']) : [];
    expect([answer.status, answer.text, answer.headers['set-cookie']]).toEqual([status, 'body', [...own, ...OURS]]);
    expect(answer.headers['cache-control']).toBe('private, no-store');
  });

  it('cannot be made public by the app (R8)', async () => {
    const answer = await arrives((response) => (response.setHeader('Cache-Control', 'public, max-age=60'), response.end()));
    expect(answer.headers['cache-control']).toBe('private, no-store');
    const head = await arrives((response) => response.writeHead(200, { 'Cache-Control': 'public' }).end());
    expect(head.headers['cache-control']).toBe('private, no-store');
  });

  it('leave a response alone that needs none', async () => {
    const answer = await arrives(
      (response) => response.writeHead(200, { 'cache-control': 'public', 'set-cookie': 'own=1' }).end(),
      () => [],
    );
    expect(answer.headers).toMatchObject({ 'cache-control': 'public', 'set-cookie': ['own=1'] });
  });

  it('come from several who add some', async () => {
    const answer = await arrives((response) => {
      addLateCookies(response, () => ['other=2']);
      response.end();
    });
    expect(answer.headers['set-cookie']?.sort()).toEqual([...OURS, 'other=2'].sort());
  });
});
