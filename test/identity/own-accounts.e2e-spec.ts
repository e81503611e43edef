import { randomUUID } from 'node:crypto';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Accounts, type Account, type NewAccount, type NewPassword } from '../../src/identity/accounts/accounts.js';
import { IdentityModule } from '../../src/identity/identity.module.js';
import { IDENTITY_OPTIONS } from '../../src/identity/identity.options.js';
import { IssuanceModule } from '../../src/issuance/issuance.module.js';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';
import { SessionStore } from '../../src/storage/session.store.js';
import { Clock } from '../../src/protocol/clock.js';
import { CodeFlow, codeClient, person, signedIn } from '../support/code-flow.js';
import { createIdentityApp, newEmail, type IdentityApp } from './support/identity-app.js';

/** An application's own user table. */
class People {
  readonly rows = new Map<string, Account>();
}

@Injectable()
class OwnAccounts extends Accounts {
  constructor(
    private readonly people: People,
    private readonly sessions: SessionStore,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async find(by: { id: string } | { email: string }): Promise<Account | undefined> {
    return 'id' in by ? this.people.rows.get(by.id) : [...this.people.rows.values()].find(({ email }) => email === by.email);
  }

  override async list(): Promise<Account[]> {
    return [...this.people.rows.values()];
  }

  override async insert(account: NewAccount): Promise<Account | undefined> {
    if (await this.find({ email: account.email })) return undefined;
    const created = { id: randomUUID(), createdAt: this.clock.now(), ...account };
    this.people.rows.set(created.id, created);
    return created;
  }

  override async changePassword({ account, passwordHash, end, keepSid }: NewPassword): Promise<boolean> {
    this.people.rows.set(account.id, { ...account, passwordHash });
    if (end !== 'none') await this.sessions.endOthers(account.id, end === 'others' ? keepSid : undefined, this.clock.now());
    return true;
  }

  override async rehash(account: Account, passwordHash: string): Promise<void> {
    this.people.rows.set(account.id, { ...account, passwordHash });
  }

  override async setEnabled(id: string, enabled: boolean): Promise<boolean> {
    const account = this.people.rows.get(id);
    if (account) this.people.rows.set(id, { ...account, disabledAt: enabled ? undefined : this.clock.now() });
    return account !== undefined;
  }
}

@Module({ providers: [People], exports: [People] })
class PeopleModule {}

let api: IdentityApp;
beforeAll(async () => {
  api = await createIdentityApp({
    options: { accounts: OwnAccounts, imports: [PeopleModule] },
  });
});
afterAll(() => api.close());

describe("an application's own accounts", () => {
  it('register, sign in, change the password and end sessions like ours', async () => {
    const mine = await api.register();
    expect(api.get(People).rows.get(mine.id)?.email).toBe(mine.email);
    const other = (await api.post('login', { email: mine.email, password: mine.password })).body;
    const change = { currentPassword: mine.password, newPassword: 'red kettle 9 sparrows' };
    expect((await api.post('change-password', change, { token: mine.accessToken })).status).toBe(204);
    expect((await api.request('GET', '/auth/me', { token: mine.accessToken })).status).toBe(200);
    expect((await api.request('GET', '/auth/me', { token: other.accessToken })).status).toBe(401);
    expect((await api.post('login', { email: mine.email, password: change.newPassword })).status).toBe(200);
  });

  it('refuse a person without a password, after one verification', async () => {
    const email = newEmail();
    const id = randomUUID();
    api.get(People).rows.set(id, { id, email, emailVerified: true, roles: [], createdAt: new Date(0) });
    const before = api.argon2.verified.length;
    expect((await api.post('login', { email, password: 'anything at all' })).status).toBe(401);
    expect(api.argon2.verified.length - before).toBe(1);
  });

  it('refuse the token of a person who was disabled there, though its entry lives', async () => {
    const { accessToken, id } = await api.register();
    await api.get(Accounts).setEnabled(id, false);
    expect((await api.request('GET', '/auth/me', { token: accessToken })).status).toBe(401);
  });

  it('say what userinfo tells, until the person is disabled there', async () => {
    const flow = await CodeFlow.of(api.service, codeClient('public'));
    const account = await person(api.service, { displayName: 'Ada', roles: ['editor'] });
    const scopes = ['openid', 'profile', 'roles'];
    const { body } = await flow.redeem(await flow.issue({ session: await signedIn(api.service, account), scopes }));
    const userinfo = () => api.request('GET', '/connect/userinfo', { token: body.access_token });
    expect((await userinfo()).body).toEqual({ sub: account.id, name: 'Ada', roles: ['editor'] });
    await api.get(Accounts).setEnabled(account.id, false);
    expect([(await userinfo()).status, (await userinfo()).body.error]).toEqual([401, 'invalid_token']);
  });

  it('can be named with forRootAsync too', async () => {
    const module = await Test.createTestingModule({
      imports: [
        PostgresStorageModule.forRoot({ url: api.database.url }),
        IssuanceModule.forRoot({ issuer: api.service.issuer, masterKey: api.service.masterKey }),
        IdentityModule.forRootAsync({
          accounts: OwnAccounts,
          imports: [PeopleModule],
          useFactory: () => ({ onPasswordChange: 'all' }),
        }),
      ],
    }).compile();
    expect(module.get(Accounts)).toBeInstanceOf(OwnAccounts);
    expect(module.get(IDENTITY_OPTIONS)).toMatchObject({ onPasswordChange: 'all' });
    await module.close();
  });
});
