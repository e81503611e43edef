import { Accounts, type Account } from '../../src/identity/accounts/accounts.js';
import { newUserCode } from '../../src/protocol/user-code.js';
import { person } from '../support/code-flow.js';
import { signUp } from '../support/protocol-client.js';
import { startService, type TestService } from '../support/service-app.js';
import { statementsDuring } from '../support/statement-count.js';
import { Device, deviceClient, freshAddress, messageOf, PersonalBrowser, problemOf, signedIn } from './support/device-flow.js';

/*
 * 10 wrong codes, whoever and wherever (docs/adr/0009). Seen to fail: with `check` and `fail` in place of `guess` (the races look up more), with 11,
 * and with right codes counted.
 */
const LIFETIME = 600;
let service: TestService;
let second: TestService;
let tv: Device;
beforeAll(async () => {
  service = await startService();
  second = await startService({ beside: service });
  tv = new Device(service, await deviceClient().register(service));
});
afterAll(async () => {
  await second.close();
  await service.close();
});

const LOOK_UP = 'find_pending_device_request';

/** How many codes are looked up while `work` runs. */
const lookUpsDuring = async (work: () => Promise<unknown>): Promise<number> =>
  (await statementsDuring(work)).filter((statement) => statement === LOOK_UP).length;

/** So many wrong codes, one after the other; in every second case by the address. */
async function guess(browser: PersonalBrowser, times: number): Promise<(string | undefined)[]> {
  const problems = [];
  for (let n = 0; n < times; n++) {
    const wrong = newUserCode();
    problems.push(problemOf(n % 2 === 0 ? await browser.enter(wrong) : await browser.get(`/activate?user_code=${wrong}`)));
  }
  return problems;
}

const wrong = (times: number): string[] => Array<string>(times).fill('wrong-code');

describe('Wrong user codes', () => {
  it('of one account are 10 at most, from wherever they come; the 11th, and a right one, is not looked up', async () => {
    const ada = await person(service);
    for (let n = 0; n < 5; n++) expect(await guess(await signedIn(service, ada), 2)).toEqual(wrong(2));
    const { userCode, complete } = await tv.start();
    const elsewhere = await signedIn(service, ada);
    const refused = [await elsewhere.enter(newUserCode()), await elsewhere.enter(userCode), await elsewhere.get(complete)];
    for (const page of refused) {
      expect([page.status, problemOf(page), page.headers.get('retry-after')]).toEqual([429, 'too-many-attempts', String(LIFETIME)]);
    }
    expect(await lookUpsDuring(() => elsewhere.enter(userCode))).toBe(0);
    // Anybody else goes on.
    expect((await (await signedIn(service)).enter(userCode)).html).toContain('Living room TV');
  });

  it('from one address are 10 at most, whoever is signed in (IPv6: a network of 64 bits)', async () => {
    for (const [addresses, other] of [
      [['192.0.2.7'], '192.0.2.8'],
      [['2001:db8:7:7::1', '2001:db8:7:7:8::2'], '2001:db8:7:8::1'],
    ] as const) {
      for (let n = 0; n < 5; n++) {
        expect(await guess(await signedIn(service, undefined, addresses[n % addresses.length]), 2)).toEqual(wrong(2));
      }
      const { userCode } = await tv.start();
      const ada = await person(service);
      expect(problemOf(await (await signedIn(service, ada, addresses[0])).enter(userCode))).toBe('too-many-attempts');
      expect((await (await signedIn(service, ada, other)).enter(userCode)).html).toContain('Living room TV');
    }
  });

  it('are forgotten a code’s lifetime after the last one, and not before: in no such time are there more than 10', async () => {
    const browser = await signedIn(service);
    expect(await guess(browser, 9)).toEqual(wrong(9));
    service.clock.advance(LIFETIME - 1);
    expect(await guess(browser, 2)).toEqual(['wrong-code', 'too-many-attempts']);
    service.clock.advance(LIFETIME - 1);
    expect(await guess(browser, 1)).toEqual(['too-many-attempts']);
    service.clock.advance(1);
    expect(await guess(browser, 11)).toEqual([...wrong(10), 'too-many-attempts']);
  });

  it('go by the lifetime that the service was set to', async () => {
    const brief = await startService({ beside: service, issuance: { deviceCodeLifetime: 60 } });
    try {
      const browser = await signedIn(brief);
      const answers = await guess(browser, 11);
      expect([answers.at(-1), (await browser.enter(newUserCode())).headers.get('retry-after')]).toEqual(['too-many-attempts', '60']);
      service.clock.advance(60);
      expect(await guess(browser, 1)).toEqual(['wrong-code']);
    } finally {
      await brief.close();
    }
  });

  it('are not the right ones, however many, nor what cannot be a code; and right ones do not make up for them', async () => {
    const browser = await signedIn(service);
    const { userCode } = await tv.start();
    expect(await guess(browser, 9)).toEqual(wrong(9));
    for (let n = 0; n < 12; n++) expect((await browser.enter(userCode)).html).toContain('Living room TV');
    const malformed = () => Promise.all(['', 'x', 'BCDF-GHJA', '12345678'].map((entry) => browser.enter(entry)));
    expect(await lookUpsDuring(malformed)).toBe(0);
    expect(await guess(browser, 2)).toEqual(['wrong-code', 'too-many-attempts']);
  });

  it('are not the answers to a right one, though another tab was faster', async () => {
    const browser = await signedIn(service);
    expect(await guess(browser, 9)).toEqual(wrong(9));
    const { userCode } = await tv.start();
    const page = await browser.enter(userCode);
    for (let n = 0; n < 5; n++) await browser.submit(page, { decision: 'deny' });
    expect(await guess(browser, 2)).toEqual(['wrong-code', 'too-many-attempts']);
    // Who is out of guesses may still answer what was found before.
    const other = await tv.start();
    const found = await signedIn(service);
    const confirm = await found.enter(other.userCode);
    await guess(found, 10);
    expect(messageOf(await found.submit(confirm, { decision: 'allow' }))).toBe('activated');
  });

  it('are logged by account and address, without the code; so is who has none left', async () => {
    const lines: unknown[] = [];
    const keep = (message: unknown): void => void lines.push(message);
    service.app.useLogger({ log: keep, warn: keep, error: keep });
    try {
      const ada = await person(service);
      const browser = await signedIn(service, ada);
      const who = { account: ada.id, address: browser.address };
      await browser.enter((await tv.start()).userCode);
      expect(lines).toEqual([]);
      const code = newUserCode();
      for (let n = 0; n < 11; n++) await browser.enter(code);
      const events = [...Array<string>(10).fill('user_code_wrong'), 'user_code_locked'];
      expect(lines).toEqual(events.map((event) => ({ event, ...who })));
    } finally {
      service.app.useLogger(['error', 'fatal']);
    }
  });

  it('need a person who is signed in: nothing is looked up before', async () => {
    const browser = new PersonalBrowser(service);
    const { complete, userCode } = await tv.start();
    const tries = async () => {
      await browser.get(complete);
      await browser.post('/activate', { user_code: userCode });
      await browser.post('/activate/confirm', { user_code: userCode, decision: 'allow' });
    };
    expect(await lookUpsDuring(tries)).toBe(0);
  });

  it('lock nobody out of signing in, and wrong passwords nobody out of entering a code', async () => {
    const { email, password } = await signUp(service.url);
    const account = (await service.get(Accounts).find({ email })) as Account;
    const address = freshAddress();
    const browser = await signedIn(service, account, address);
    expect((await guess(browser, 11)).at(-1)).toBe('too-many-attempts');
    const login = (tried: string) =>
      service.app.inject({ method: 'POST', url: '/auth/login', payload: { email, password: tried }, remoteAddress: address });
    expect((await login(password)).statusCode).toBe(200);
    for (let n = 0; n < 6; n++) await login('another horse');
    expect((await login(password)).statusCode).toBe(429);
    service.clock.advance(LIFETIME);
    expect((await browser.enter((await tv.start()).userCode)).html).toContain('Living room TV');
  });
});

describe('Wrong user codes at once, on two instances', () => {
  const ROUNDS = 3;
  const both = (account: Account, address: string) =>
    Promise.all([service, second].map((instance) => signedIn(instance, account, address)));

  it.each(Array.from({ length: ROUNDS }, (_, n) => n + 1))('are looked up exactly 10 times of one account (round %d)', async () => {
    const ada = await person(service);
    const browsers = await Promise.all(Array.from({ length: 40 }, (_, n) => signedIn(n % 2 ? service : second, ada)));
    const tries = () => Promise.all(browsers.map((browser) => browser.get(`/activate?user_code=${newUserCode()}`)));
    expect(await lookUpsDuring(tries)).toBe(10);
  });

  it.each(Array.from({ length: ROUNDS }, (_, n) => n + 1))('are looked up exactly 10 times from one address (round %d)', async () => {
    const address = freshAddress();
    const people = await Promise.all(Array.from({ length: 20 }, () => person(service)));
    const browsers = (await Promise.all(people.map((one) => both(one, address)))).flat();
    const entries = await Promise.all(browsers.map((browser) => browser.get('/activate')));
    const tries = () => Promise.all(entries.map((page, n) => browsers[n]?.submit(page, { user_code: newUserCode() })));
    expect(await lookUpsDuring(tries)).toBe(10);
  });
});
