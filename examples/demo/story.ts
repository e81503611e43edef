import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { abbreviated, type CallAnswer, type Terminal } from './terminal.js';

/** Where everybody is, and how long things last (seconds). */
export interface Scene {
  readonly service: string;
  /** The Todo API that trusts signatures. */
  readonly signatureApi: string;
  /** The Todo API that asks the service about each token. */
  readonly askingApi: string;
  readonly accessTokenLifetime: number;
  readonly leeway: number;
}

interface Pair {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

const PROBLEM = 'urn:countersign:problem:';
/** Beyond a whole number of seconds. */
const MARGIN_MS = 300;

/** The main job from sign-up to sign-out. Every step is checked. @throws AssertionError at the first that differs */
export async function play(scene: Scene, terminal: Terminal): Promise<void> {
  const person = { email: 'ada@example.test', password: randomBytes(12).toString('base64url') };
  const todos = `${scene.signatureApi}/todos`;

  terminal.say('Register. The answer is a pair of tokens: signed in at once.');
  await auth('register', person, 201);

  terminal.say('Sign in, as on any other day.');
  const first: Pair = (await auth('login', person, 200)).body;

  terminal.say('Call the guarded Todo API: without a token, then with one.');
  const anonymous = await terminal.call({ url: todos }, 401);
  // RFC 6750 §3.1: no error code when no token came.
  assert.equal(anonymous.challenge, 'Bearer realm="todos"');
  await terminal.call({ method: 'POST', url: todos, token: first.accessToken, body: { title: 'buy milk' } }, 201);
  const { body: list } = await terminal.call({ url: todos, token: first.accessToken }, 200);
  assert.deepEqual(
    (list as { title: string }[]).map(({ title }) => title),
    ['buy milk'],
  );

  terminal.say(`Let the access token expire (${scene.accessTokenLifetime} s here, 15 minutes by default), and be refused.`);
  await sleep(first.expiresIn * 1000 + MARGIN_MS);
  const expired = await terminal.call({ url: todos, token: first.accessToken }, 401);
  assert.match(expired.challenge ?? '', /error="invalid_token"/);

  terminal.say('Refresh. The expired access token may come along; it is checked to belong to the refresh token.');
  const second: Pair = (await refresh(first.refreshToken, 200, first.accessToken)).body;
  const rotatedAt = Date.now();
  assert.notEqual(second.refreshToken, first.refreshToken);

  terminal.say('Call again.');
  await terminal.call({ url: todos, token: second.accessToken }, 200);

  terminal.say('Present the spent refresh token again, as a client does whose answer was lost, or its second tab.');
  const retry: Pair = (await refresh(first.refreshToken, 200)).body;
  assert.equal(retry.refreshToken, second.refreshToken);
  terminal.note(`the same successor, ${abbreviated(retry.refreshToken)}: whoever retries within the leeway loses nothing`);

  terminal.say(`The same after the leeway (${scene.leeway} s here, 30 by default): now it may be a thief.`);
  await sleep(Math.max(0, rotatedAt + scene.leeway * 1000 + MARGIN_MS - Date.now()));
  assert.equal((await refresh(first.refreshToken, 401)).body.type, `${PROBLEM}refresh-token-used`);
  assert.equal((await refresh(second.refreshToken, 401)).body.type, `${PROBLEM}refresh-token-revoked`);
  terminal.note('the whole family is dead, the good successor too: nobody can tell which of the two was the thief');

  terminal.say('Sign in again, and call both Todo APIs: one trusts signatures, one asks the service about each token.');
  const last: Pair = (await auth('login', person, 200)).body;
  const signedInAt = Date.now();
  await terminal.call({ url: todos, token: last.accessToken }, 200);
  await terminal.call({ url: `${scene.askingApi}/todos`, token: last.accessToken }, 200);

  terminal.say('Log out.');
  await terminal.call({ method: 'POST', url: `${scene.service}/auth/logout`, token: last.accessToken }, 204);

  terminal.say('Be refused at once where the entry of the token is checked.');
  const revoked = await terminal.call({ url: `${scene.askingApi}/todos`, token: last.accessToken }, 401);
  assert.match(revoked.challenge ?? '', /error="invalid_token"/);

  terminal.say('Where only the signature is checked, a token works until it expires: the price of asking nobody.');
  await terminal.call({ url: todos, token: last.accessToken }, 200);
  await sleep(Math.max(0, signedInAt + last.expiresIn * 1000 + MARGIN_MS - Date.now()));
  await terminal.call({ url: todos, token: last.accessToken }, 401);
  assert.equal((await refresh(last.refreshToken, 401)).body.type, `${PROBLEM}refresh-token-revoked`);
  terminal.note('that was all: it cannot be refreshed');

  function auth(path: string, body: Readonly<Record<string, string>>, status: number): Promise<CallAnswer> {
    return terminal.call({ method: 'POST', url: `${scene.service}/auth/${path}`, body }, status);
  }

  function refresh(refreshToken: string, status: number, accessToken?: string): Promise<CallAnswer> {
    return auth('refresh', { refreshToken, ...(accessToken !== undefined && { accessToken }) }, status);
  }
}
