import { Accounts } from '../../src/identity/accounts/accounts.js';
import { AttemptLimiter } from '../../src/identity/attempts/attempt-limiter.js';
import { TooManyAttemptsError } from '../../src/identity/attempts/too-many-attempts.error.js';
import { Users } from '../../src/identity/users.js';
import { StorageUnavailableError } from '../../src/storage/storage-unavailable.error.js';
import { createIdentityApp, freshAddress, GOOD_PASSWORD, newEmail, type Answer, type IdentityApp } from './support/identity-app.js';

let api: IdentityApp;
let second: IdentityApp;
beforeAll(async () => {
  api = await createIdentityApp();
  second = await createIdentityApp({ sharing: api });
});
afterAll(async () => {
  await second.close();
  await api.close();
});

const guess = (email: string, address = freshAddress(), app = api): Promise<Answer> =>
  app.post('login', { email, password: 'not the password' }, { address });
const retryAfter = ({ headers }: Answer): number => Number(headers['retry-after']);
const count = (answers: readonly Answer[], status: number): number => answers.filter((answer) => answer.status === status).length;

async function guessUntilLocked(email: string): Promise<void> {
  for (let failure = 1; failure <= 6; failure++) expect((await guess(email)).status).toBe(401);
}

describe('lock-out of an account', () => {
  it('after 5 free failures locks for 30 s, doubling, whichever address they come from; released by time', async () => {
    const { email, password } = await api.register();
    const login = () => api.post('login', { email, password }, { address: freshAddress() });
    await guessUntilLocked(email);
    for (const seconds of [30, 60, 120, 240, 480, 900, 900]) {
      const locked = await login();
      expect([locked.status, locked.body.type]).toEqual([429, 'urn:countersign:problem:too-many-attempts']);
      expect(retryAfter(locked)).toBe(seconds);
      api.clock.advance(seconds - 1);
      expect(retryAfter(await guess(email))).toBe(1);
      api.clock.advance(1);
      expect((await guess(email)).status).toBe(401);
    }
    api.clock.advance(900);
    expect((await login()).status).toBe(200);
    // The right password clears it.
    await guessUntilLocked(email);
  });

  it('tries no password while it is locked', async () => {
    const { email, password } = await api.register();
    await guessUntilLocked(email);
    const before = api.argon2.verified.length;
    expect((await api.post('login', { email, password }, { address: freshAddress() })).status).toBe(429);
    expect(api.argon2.verified.length).toBe(before);
  });

  it('treats an account that does not exist or is disabled alike, so that it gives nothing away', async () => {
    const { email: known } = await api.register();
    const disabled = await api.register();
    await api.get(Users).disable(disabled.id);
    const unknown = newEmail();
    const seen = ({ status, text, headers }: Answer) => [status, text, headers['retry-after']];
    for (let attempt = 0; attempt < 8; attempt++) {
      const answer = await guess(known);
      expect(answer.status).toBe(attempt < 6 ? 401 : 429);
      expect(seen(await guess(unknown))).toEqual(seen(answer));
      const right = { email: disabled.email, password: disabled.password };
      expect(seen(await api.post('login', right, { address: freshAddress() }))).toEqual(seen(answer));
    }
  });

  it('starts afresh a day after the last failure', async () => {
    const email = newEmail();
    await guessUntilLocked(email);
    api.clock.advance(86_400);
    await guessUntilLocked(email);
  });

  it('is shared by all instances', async () => {
    const { email } = await api.register();
    await guessUntilLocked(email);
    expect((await guess(email, freshAddress(), second)).status).toBe(429);
  });
});

describe('parallel guesses', () => {
  it('50 at once at one account: those beyond the free ones are not tried', async () => {
    const { email } = await api.register();
    const before = api.argon2.verified.length;
    const answers = await Promise.all(Array.from({ length: 50 }, () => guess(email)));
    expect([count(answers, 401), count(answers, 429)]).toEqual([6, 44]);
    expect(api.argon2.verified.length - before).toBe(6);
  });

  it('50 at once at one account on two instances: not one more', async () => {
    const { email } = await api.register();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => guess(email, freshAddress(), n % 2 ? api : second)));
    expect([count(answers, 401), count(answers, 429)]).toEqual([6, 44]);
  });

  it('80 at once from one address at as many accounts, on two instances: not one more', async () => {
    const address = freshAddress();
    const answers = await Promise.all(Array.from({ length: 80 }, (_, n) => guess(newEmail(), address, n % 2 ? api : second)));
    expect([count(answers, 401), count(answers, 429)]).toEqual([31, 49]);
  });

  it('of the right password all succeed', async () => {
    const { email, password } = await api.register();
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.post('login', { email, password })));
    expect(count(answers, 200)).toBe(20);
  });

  it('of right passwords all succeed, though one failure more would lock the address: they wait for each other', async () => {
    const people = await Promise.all(Array.from({ length: 4 }, () => api.register()));
    const address = freshAddress();
    for (let failure = 1; failure <= 30; failure++) await guess(newEmail(), address);
    const answers = await Promise.all(people.map(({ email, password }) => api.post('login', { email, password }, { address })));
    expect(count(answers, 200)).toBe(4);
  });

  it('that cannot be made are not counted', async () => {
    const { email, password } = await api.register();
    const address = freshAddress();
    const find = api.get(Accounts).find.bind(api.get(Accounts));
    api.get(Accounts).find = () => Promise.reject(new StorageUnavailableError(new Error('gone')));
    for (let attempt = 1; attempt <= 7; attempt++) expect((await api.post('login', { email, password }, { address })).status).toBe(503);
    api.get(Accounts).find = find;
    expect((await api.post('login', { email, password }, { address })).status).toBe(200);
  });
});

describe('lock-out of an address', () => {
  it('after 30 free failures locks, also for right passwords, and a success does not clear it', async () => {
    const address = freshAddress();
    const own = await api.register();
    const signIn = () => api.post('login', { email: own.email, password: own.password }, { address });
    for (let failure = 0; failure < 31; failure++) {
      if (failure % 10 === 0) expect((await signIn()).status).toBe(200);
      expect((await guess(newEmail(), address)).status).toBe(401);
    }
    expect([(await signIn()).status, retryAfter(await signIn())]).toEqual([429, 30]);
    expect((await api.post('login', { email: own.email, password: own.password }, { address: freshAddress() })).status).toBe(200);
    api.clock.advance(30);
    expect((await signIn()).status).toBe(200);
  });

  it('counts an IPv6 network of 64 bits as one', async () => {
    let last: Answer | undefined;
    for (let host = 1; host <= 32; host++) last = await guess(newEmail(), `2001:db8:0:1::${host.toString(16)}`);
    expect(last?.status).toBe(429);
    expect((await guess(newEmail(), '2001:db8:0:2::1')).status).toBe(401);
  });

  it('slows down who collects known e-mails by registering', async () => {
    const { email } = await api.register();
    const address = freshAddress();
    const probe = () => api.post('register', { email, password: GOOD_PASSWORD }, { address });
    for (let n = 0; n < 31; n++) expect((await probe()).status).toBe(409);
    expect((await probe()).status).toBe(429);
  });

  it('answers refused refresh tokens by 429 beyond their free ones, and still serves a good one', async () => {
    const app = await createIdentityApp({ sharing: api, options: { lockOut: { refresh: { free: 3 } } } });
    const address = freshAddress();
    const { refreshToken } = await app.register();
    const refresh = (token: string) => app.post('refresh', { refreshToken: token }, { address });
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await refresh('forged')).status);
    expect(statuses).toEqual([401, 401, 401, 401, 429]);
    expect((await refresh(refreshToken)).status).toBe(200);
    await app.close();
  });
});

describe('limits of successes, per instance', () => {
  it('of sign-ins, registrations and refreshes', async () => {
    const one = { limit: 2, window: 60 };
    const app = await createIdentityApp({
      sharing: api,
      options: { rateLimits: { signInsPerAccount: one, registrationsPerAddress: one, refreshesPerAddress: one } },
    });
    const { email, password, refreshToken } = await app.register();
    const address = freshAddress();
    const login = () => app.post('login', { email, password });
    expect([(await login()).status, (await login()).status, (await login()).status]).toEqual([200, 200, 429]);
    expect(retryAfter(await login())).toBe(60);
    const register = () => app.post('register', { email: newEmail(), password: GOOD_PASSWORD }, { address });
    expect([(await register()).status, (await register()).status, (await register()).status]).toEqual([201, 201, 429]);
    const refresh = (token: string) => app.post('refresh', { refreshToken: token }, { address });
    const next = await refresh(refreshToken);
    const last = await refresh(next.body.refreshToken);
    expect([next.status, last.status, (await refresh(last.body.refreshToken)).status]).toEqual([200, 200, 429]);
    app.clock.advance(60);
    expect([(await login()).status, (await refresh(last.body.refreshToken)).status]).toEqual([200, 200]);
    await app.close();
  });
});

describe('AttemptLimiter', () => {
  const policy = { free: 1, firstBlock: 10, longestBlock: 20, forgetAfter: 100 };

  it('says how long to wait, in whole seconds', async () => {
    const limiter = api.get(AttemptLimiter);
    const key = `client:${newEmail()}`;
    await limiter.fail([{ key, policy }]);
    await expect(limiter.check([key])).resolves.toBeUndefined();
    await limiter.fail([{ key, policy }]);
    api.clock.advance(0.5);
    await expect(limiter.check(['client:other', key])).rejects.toEqual(new TooManyAttemptsError(10));
    await expect(limiter.check([key])).rejects.toMatchObject({ retryAfter: 10 });
    api.clock.advance(9.5);
    await expect(limiter.check([key])).resolves.toBeUndefined();
  });

  it('lets a bounded number wait for their turn, and forgets lanes that are empty', async () => {
    const limiter = api.get(AttemptLimiter);
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const lane = [{ key: 'account:crowded', width: 1 }];
    const waiting = Array.from({ length: 101 }, () => limiter.inTurn(lane, () => gate));
    await expect(limiter.inTurn(lane, () => gate)).rejects.toMatchObject({ retryAfter: 1 });
    release();
    await Promise.all(waiting);
    expect((limiter as unknown as { lanes: Map<string, unknown> }).lanes.size).toBe(0);
  });
});
