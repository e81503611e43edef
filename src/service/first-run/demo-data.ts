import type { INestApplicationContext } from '@nestjs/common';
import { Accounts } from '../../identity/accounts/accounts.js';
import { PasswordHasher } from '../../identity/passwords/password-hasher.js';
import { Users } from '../../identity/users.js';
import { DeviceCodeGrant } from '../../issuance/grants/device-code.grant.js';
import { Clock } from '../../protocol/clock.js';
import { constantTimeEqual, sha256 } from '../../protocol/hashing.js';
import { ClientStore, type NewClient } from '../../storage/client.store.js';
import { ScopeStore } from '../../storage/scope.store.js';
import type { DemoCredentials } from './demo-credentials.js';

export const DEMO = {
  email: 'demo@example.test',
  serviceId: 'demo-service',
  apiId: 'todo-api',
  webId: 'demo-web',
  deviceId: 'demo-tv',
  resource: 'http://localhost:4000',
  scopes: ['todos:read', 'todos:write'],
} as const;

/**
 * A person, an API, a backend client, an app that signs people in and a device, to try things with. Idempotent: what an operator changed stays as it is,
 * but for the secrets and the password, which are set to the known ones again, so that what the banner prints works.
 */
export async function seedDemo(app: INestApplicationContext, credentials: DemoCredentials): Promise<void> {
  const scopes = app.get(ScopeStore, { strict: false });
  const now = app.get(Clock, { strict: false }).now();
  const known = new Set((await scopes.list()).map(({ name }) => name));
  for (const name of DEMO.scopes) if (!known.has(name)) await scopes.put({ name, resources: [DEMO.resource] }, now);
  await ensureClient(app, demoService, credentials.serviceSecret);
  await ensureClient(app, todoApi, credentials.apiSecret);
  await ensureClient(app, demoWeb);
  await ensureClient(app, demoTv);
  await ensurePerson(app, credentials.password);
}

const noUris = { redirectUris: [], postLogoutRedirectUris: [], allowedOrigins: [] } as const;
const confidential = { type: 'confidential', authenticationMethod: 'client_secret_basic', ...noUris } as const;

const demoService: NewClient = {
  ...confidential,
  id: DEMO.serviceId,
  displayName: 'Demo service',
  permissions: {
    endpoints: ['token', 'introspection', 'revocation'],
    grantTypes: ['client_credentials'],
    scopes: DEMO.scopes,
    resources: [DEMO.resource],
  },
  settings: {},
};

const todoApi: NewClient = {
  ...confidential,
  id: DEMO.apiId,
  displayName: 'Todo API',
  permissions: { endpoints: ['introspection'], grantTypes: [], scopes: [], resources: [], serves: [DEMO.resource] },
  settings: {},
};

/** A public client: an app in a browser on port 4001, or one on the command line that listens on any port. */
const demoWeb: NewClient = {
  id: DEMO.webId,
  displayName: 'Demo app',
  type: 'public',
  authenticationMethod: 'none',
  permissions: {
    endpoints: ['token', 'revocation', 'authorization', 'pushed_authorization', 'end_session'],
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'email', 'offline_access', ...DEMO.scopes],
    resources: [DEMO.resource],
  },
  redirectUris: ['http://localhost:4001/callback', 'http://127.0.0.1/callback'],
  postLogoutRedirectUris: ['http://localhost:4001/'],
  allowedOrigins: ['http://localhost:4001'],
  settings: {},
};

/** Holds no secret, shows a code, and is answered on `/activate`. */
const demoTv: NewClient = {
  ...noUris,
  id: DEMO.deviceId,
  displayName: 'Demo TV',
  type: 'public',
  authenticationMethod: 'none',
  permissions: {
    endpoints: ['token', 'revocation', 'device'],
    grantTypes: [DeviceCodeGrant.type, 'refresh_token'],
    scopes: ['openid', 'offline_access', 'todos:read'],
    resources: [DEMO.resource],
  },
  settings: {},
};

async function ensureClient(app: INestApplicationContext, client: NewClient, secret?: string): Promise<void> {
  const store = app.get(ClientStore, { strict: false });
  const now = app.get(Clock, { strict: false }).now();
  await store.insert(client, now);
  if (secret === undefined) return;
  const hash = sha256(secret);
  const secrets = (await store.find(client.id))?.secrets ?? [];
  const works = secrets.some((kept) => constantTimeEqual(kept.hash, hash) && (!kept.expiresAt || kept.expiresAt > now));
  if (!works) await store.addSecret(client.id, hash, now, now);
}

async function ensurePerson(app: INestApplicationContext, password: string): Promise<void> {
  const users = app.get(Users, { strict: false });
  const person = await users.findByEmail(DEMO.email);
  if (!person) {
    await users.create({ email: DEMO.email, password, displayName: 'Demo', emailVerified: true });
    return;
  }
  const hasher = app.get(PasswordHasher, { strict: false });
  if (person.passwordHash !== undefined && (await hasher.verify(person.passwordHash, password))) return;
  const passwordHash = await hasher.hash(password);
  await app.get(Accounts, { strict: false }).changePassword({ account: person, passwordHash, end: 'none', connectedApps: false });
}
