import { randomBytes, randomUUID } from 'node:crypto';
import { Accounts, type Account, type NewAccount } from '../../src/identity/accounts/accounts.js';
import type { BrowserSession } from '../../src/identity/browser/browser-sessions.js';
import { ClientDirectory } from '../../src/issuance/clients/client-directory.js';
import { AuthorizationCodes, type ApprovedAuthorization } from '../../src/issuance/tokens/authorization-codes.js';
import { handleHash, HandlePrefix, newHandle } from '../../src/protocol/handle-string.js';
import { codeChallenge } from '../../src/protocol/pkce.js';
import { uuidv7 } from '../../src/protocol/uuid.js';
import { BrowserSessionStore } from '../../src/storage/browser-session.store.js';
import { ConsentStore } from '../../src/storage/consent.store.js';
import { confidentialClient, publicClient, type ClientBuilder, type TestClient } from './clients.js';
import { ProtocolClient, type Answer, type Form } from './protocol-client.js';
import type { TestService } from './service-app.js';

export const REDIRECT_URI = 'https://app.example/callback';

type Service = Pick<TestService, 'get' | 'clock' | 'url'>;

/** A client that signs people in by code. Scopes and settings may still be changed. */
export const codeClient = (type: 'public' | 'confidential'): ClientBuilder =>
  (type === 'public' ? publicClient() : confidentialClient()).with({ redirectUris: [REDIRECT_URI] }).withPermissions({
    endpoints: ['token', 'revocation', 'introspection', 'authorization', 'pushed_authorization', 'end_session'],
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'email', 'phone', 'address', 'roles', 'offline_access'],
  });

/** A person who has no password, and needs none: browsers are signed in by `signedIn`. */
export async function person(service: Pick<Service, 'get'>, about: Partial<NewAccount> = {}): Promise<Account> {
  const account = { email: `${randomUUID()}@example.test`, emailVerified: false, roles: [], passwordHash: '$argon2id$none', ...about };
  const inserted = await service.get(Accounts).insert(account);
  if (!inserted) throw new Error('The e-mail address is taken.');
  return inserted;
}

/** A browser's session as the sign-in page would have opened it. */
export async function signedIn(service: Pick<Service, 'get' | 'clock'>, account: Account, lifetime = 86_400): Promise<BrowserSession> {
  const now = service.clock.now();
  const handle = newHandle(uuidv7(now));
  const session = {
    sid: handle.id,
    subject: account.id,
    amr: ['pwd'],
    authenticatedAt: now,
    expiresAt: new Date(now.getTime() + lifetime * 1000),
  };
  const { credentialVersion } = account;
  const signIn = {
    ...session,
    hash: handleHash(HandlePrefix.session, handle),
    ...(credentialVersion !== undefined && { credentialVersion }),
  };
  if (!(await service.get(BrowserSessionStore).open(signIn))) throw new Error('The session was not opened.');
  return { ...session, account, createdAt: now };
}

/** A code on its way to the client, and what the client keeps to redeem it. */
export interface IssuedCode {
  readonly code: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly redirectUri: string;
}

export interface Approval extends Partial<Omit<ApprovedAuthorization, 'client' | 'codeChallenge' | 'nonce'>> {
  /** False: what the person allowed before is left alone. @default true */
  readonly consents?: boolean;
  /** Null: the request had none. */
  readonly codeChallenge?: string | null;
  readonly nonce?: string | null;
}

/** One client's code flow from the approval on. The front channel is left out: codes are issued as its last step would. */
export class CodeFlow {
  readonly api: ProtocolClient;

  constructor(
    private readonly service: Service,
    readonly client: TestClient,
  ) {
    this.api = new ProtocolClient(service.url, client);
  }

  static async of(service: Service, builder: ClientBuilder): Promise<CodeFlow> {
    return new CodeFlow(service, await builder.register(service));
  }

  /** Undefined: it was refused. */
  async tryIssue({ scopes = ['openid'], codeChallenge: challenge, nonce, consents = true, ...approval }: Approval = {}): Promise<
    IssuedCode | undefined
  > {
    const { service } = this;
    const session = approval.session ?? (await signedIn(service, await person(service)));
    const record = await service.get(ClientDirectory).find(this.client.id);
    if (!record) throw new Error('The client is missing.');
    if (consents) await service.get(ConsentStore).allow(session.subject, record.id, scopes, service.clock.now());
    const verifier = randomBytes(32).toString('base64url');
    const issued = { verifier, nonce: randomBytes(16).toString('base64url'), redirectUri: approval.redirectUri ?? REDIRECT_URI };
    const code = await service.get(AuthorizationCodes).issue({
      resources: ['https://api.example'],
      ...approval,
      client: record,
      session,
      scopes,
      redirectUri: issued.redirectUri,
      ...(challenge !== null && { codeChallenge: challenge ?? codeChallenge(verifier) }),
      ...(nonce !== null && { nonce: nonce ?? issued.nonce }),
    });
    return code === undefined ? undefined : { ...issued, code };
  }

  async issue(approval: Approval = {}): Promise<IssuedCode> {
    const issued = await this.tryIssue(approval);
    if (!issued) throw new Error('No code was issued.');
    return issued;
  }

  /** For the client itself to send; an empty value leaves a parameter out. */
  redeem({ code, verifier, redirectUri }: IssuedCode, changes: Form = {}): Promise<Answer> {
    return this.api.token({ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri, ...changes });
  }
}
