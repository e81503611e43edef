import { Client } from 'pg';
import { Users } from '../../src/identity/users.js';
import { createIdentityApp, freshAddress, GOOD_PASSWORD, newEmail, type IdentityApp } from './support/identity-app.js';

let api: IdentityApp;
let client: Client;
beforeAll(async () => {
  api = await createIdentityApp({ options: { pages: { name: 'Brück & Sons' } } });
  client = new Client({ connectionString: api.database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await api.close();
});

const storedHash = async (id: string): Promise<string> =>
  (await client.query<{ password_hash: string }>('select password_hash from user_credential where user_id = $1', [id])).rows[0]
    ?.password_hash ?? '';

describe('new passwords', () => {
  const register = (password: string, email = newEmail()) => api.post('register', { email, password }, { address: freshAddress() });

  it.each([
    ['7 characters', 'k3ttle!', 'too-short'],
    ['4 characters of 8 UTF-16 units', '🦉🦊🐻🐼', 'too-short'],
    ['8 characters that are 7 after NFKC', 'ke\u0301ttle!', 'too-short'],
    ['129 characters', 'kx7'.repeat(43), 'too-long'],
    ['a common one', 'password123', 'common'],
    ['a common one in capitals', 'PassWord123', 'common'],
    ['a common one in full-width letters', 'ｐａｓｓｗｏｒｄ１２３', 'common'],
    ['another common one', 'qwertyuiop', 'common'],
    ['a common one between blanks', ' qwertyuiop ', 'common'],
    ['a common one twice', 'qwertyuiopqwertyuiop', 'common'],
    ['blanks alone', ' \u00a0 \u3000      ', 'common'],
    ['one character over and over', '🦉'.repeat(128), 'common'],
    ['a short part over and over', 'kx7kx7kx7kx', 'common'],
    ['a short word over and over', 'kettle Kettle kettle ', 'common'],
    ['the name of the software', 'Countersign', 'common'],
    ['the name of the software and a year', 'countersign-2024!', 'common'],
    ['the name of the software with digits in it', 'C0un7er51gn', 'common'],
    ['the name of the software twice', 'countersigncountersign', 'common'],
    ['the name of the service in another composition', 'bru\u0308ck+sons', 'common'],
    ['the name of the service between digits', '1 Brück-Sons 99', 'common'],
  ])('refuses %s', async (_, password, reason) => {
    const answer = await register(password);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ type: 'urn:countersign:problem:password-refused', reason, errors: [{ field: 'password' }] });
    expect(answer.text).not.toContain(password);
  });

  it('refuses the e-mail and its local part', async () => {
    expect((await register('Long.Name@example.test', 'long.name@example.test')).body.reason).toBe('is-email');
    expect((await register('long.name', 'long.name@example.test')).body.reason).toBe('is-email');
    for (const variant of ['LongName', 'long.name1987', '!l0ng-n4me', 'long.namelong.name'])
      expect([variant, (await register(variant, 'long.name@example.test')).body.reason]).toEqual([variant, 'common']);
  });

  it.each([
    ['8 characters', 'k3ttle!x'],
    ['no capitals, digits or signs', 'kettle sparrow blue'],
    ['128 characters outside the first plane', '🦉🦊🐻🐼🐸🦁🐯🐰'.repeat(16)],
    ['the name of the service in a passphrase', 'countersign likes Brück & Sons'],
    ['the name of the service and more digits than a year has', 'countersign 83920'],
    ['spaces around', '  kettle sparrow  '],
  ])('accepts %s', async (_, password) => {
    const email = newEmail();
    expect((await register(password, email)).status).toBe(201);
    expect((await api.post('login', { email, password })).status).toBe(200);
    expect((await api.post('login', { email, password: `${password.slice(0, -2)}zz` })).status).toBe(401);
  });
});

describe('hashes', () => {
  it('are Argon2id of the configured costs', async () => {
    const { id } = await api.register();
    expect(await storedHash(id)).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it('are made anew at the next sign-in after the costs have risen, once, and not when they fall', async () => {
    const { id, email, password, accessToken } = await api.register();
    const old = await storedHash(id);
    const raised = await createIdentityApp({ sharing: api, options: { argon2: { timeCost: 3 } } });
    expect((await raised.post('login', { email, password: 'not the password' })).status).toBe(401);
    expect(await storedHash(id)).toBe(old);
    expect((await raised.post('login', { email, password })).status).toBe(200);
    const renewed = await storedHash(id);
    expect(renewed).toMatch(/^\$argon2id\$v=19\$m=19456,t=3,p=1\$/);
    for (const app of [raised, api]) expect((await app.post('login', { email, password })).status).toBe(200);
    expect(await storedHash(id)).toBe(renewed);
    // Nothing ends: the password is the same.
    expect((await api.request('GET', '/auth/me', { token: accessToken })).status).toBe(200);
    await raised.close();
  });

  it('that cannot be read match nothing and give nothing away', async () => {
    const { id, email } = await api.register();
    await client.query("update user_credential set password_hash = '$2b$10$abcdefghijklmnopqrstuv' where user_id = $1", [id]);
    expect((await api.post('login', { email, password: GOOD_PASSWORD })).status).toBe(401);
  });

  it('are computed two at a time', async () => {
    const { email, password } = await api.register();
    api.argon2.most = 0;
    const logins = Array.from({ length: 15 }, () => api.post('login', { email, password }, { address: freshAddress() }));
    const others = Array.from({ length: 15 }, () => api.post('login', { email: newEmail(), password }, { address: freshAddress() }));
    const registrations = Array.from({ length: 15 }, () => api.register());
    await Promise.all([...logins, ...others, ...registrations]);
    expect(api.argon2.most).toBe(2);
  });

  it('beyond what can wait are answered 503 with Retry-After', async () => {
    const registrations = Array.from({ length: 260 }, () =>
      api.post('register', { email: newEmail(), password: GOOD_PASSWORD }, { address: freshAddress() }),
    );
    const answers = await Promise.all(registrations);
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBe(answers.filter(({ status }) => status !== 201).length);
    expect(refused[0]?.headers['retry-after']).toBe('1');
    expect(refused[0]?.body.type).toBe('urn:countersign:problem:unavailable');
  });
});

describe('Users', () => {
  it('creates, finds, lists, disables and enables', async () => {
    const users = api.get(Users);
    const email = newEmail();
    const ada = await users.create({ email: email.toUpperCase(), password: GOOD_PASSWORD, roles: ['admin'], displayName: 'Ada' });
    expect(ada).toMatchObject({ email, roles: ['admin'], displayName: 'Ada', emailVerified: false });
    expect(await users.findByEmail(` ${email.toUpperCase()}`)).toEqual(ada);
    expect(await users.findById(ada.id)).toEqual(ada);
    expect((await users.list()).map(({ id }) => id)).toContain(ada.id);
    expect(await users.findByEmail('nobody')).toBeUndefined();
    expect(await users.findById('x')).toBeUndefined();

    expect(await users.disable(ada.id)).toBe(true);
    expect(await users.disable(ada.id)).toBe(false);
    expect(await users.disable('x')).toBe(false);
    expect((await api.post('login', { email, password: GOOD_PASSWORD })).status).toBe(401);
    expect(await users.enable(ada.id)).toBe(true);
    expect((await api.post('login', { email, password: GOOD_PASSWORD })).status).toBe(200);
  });

  it('names what is wrong', async () => {
    const users = api.get(Users);
    const email = newEmail();
    await expect(users.create({ email: 'nobody', password: GOOD_PASSWORD })).rejects.toMatchObject({ code: 'email-invalid' });
    await expect(users.create({ email, password: 'short' })).rejects.toMatchObject({ code: 'password-refused', refusal: 'too-short' });
    await users.create({ email, password: GOOD_PASSWORD });
    await expect(users.create({ email, password: GOOD_PASSWORD })).rejects.toMatchObject({ code: 'email-taken' });
  });
});

describe('the log', () => {
  it('holds no password, token or e-mail', async () => {
    // Nest has one logger for the process, that of the application made last.
    const app = await createIdentityApp({ sharing: api });
    const { email, password, accessToken, refreshToken, id } = await app.register();
    await app.post('login', { email, password: 'not the password' });
    await app.post('refresh', { refreshToken });
    await app.post('refresh', { refreshToken });
    await app.request('GET', '/auth/me', { token: accessToken });
    const text = app.log.join('\n');
    expect(text).toContain(`"event":"sign_in_failed","account":"${id}"`);
    for (const secret of [email, password, 'not the password', accessToken, refreshToken, '$argon2id$']) expect(text).not.toContain(secret);
    await app.close();
  });
});
