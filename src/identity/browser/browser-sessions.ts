import { Inject, Injectable } from '@nestjs/common';
import { constantTimeEqual } from '../../protocol/hashing.js';
import { Clock } from '../../protocol/clock.js';
import { handleHash, HandlePrefix, newHandle } from '../../protocol/handle-string.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { BrowserSessionStore, type BrowserSessionRecord, type ProvenSignIn } from '../../storage/browser-session.store.js';
import { Accounts, type Account } from '../accounts/accounts.js';
import { IDENTITY_OPTIONS, type IdentityOptions } from '../identity.options.js';
import { BrowserCookies } from './browser-cookies.js';
import type { BrowserReply, BrowserRequest } from './browser-request.js';

/** Who is signed in with this browser. */
export interface BrowserSession extends Omit<BrowserSessionRecord, 'hash'> {
  readonly account: Account;
}

const LONGEST_USER_AGENT = 512;

/** Sign-in sessions of browsers. */
@Injectable()
export class BrowserSessions {
  constructor(
    private readonly cookies: BrowserCookies,
    private readonly store: BrowserSessionStore,
    private readonly accounts: Accounts,
    private readonly clock: Clock,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {}

  /** Undefined: nobody, or no longer. @throws StorageUnavailableError */
  async current(request: BrowserRequest): Promise<BrowserSession | undefined> {
    const record = await this.record(request);
    const account = record && (await this.accounts.find({ id: record.subject }));
    if (!record || !account || account.disabledAt) return undefined;
    const { hash: _hash, ...session } = record;
    return { ...session, account };
  }

  /**
   * Signs in a person who has just been proved. The cookie is a new one in any case; the session stays the same if the same person proves it again,
   * so that apps in other tabs stay signed in, and ends if it was somebody else's. Undefined: the account has changed meanwhile.
   *
   * @param amr how it was proved, RFC 8176
   * @throws StorageUnavailableError
   */
  async signIn(
    request: BrowserRequest,
    reply: BrowserReply,
    account: Account,
    amr: readonly string[],
  ): Promise<BrowserSession | undefined> {
    const now = this.clock.now();
    const before = await this.record(request);
    const renewed = before?.subject === account.id ? before : undefined;
    const handle = newHandle(renewed?.sid ?? uuidv7(now));
    const signIn: ProvenSignIn = {
      sid: handle.id,
      subject: account.id,
      hash: handleHash(HandlePrefix.session, handle),
      ...(account.credentialVersion !== undefined && { credentialVersion: account.credentialVersion }),
      amr,
      authenticatedAt: now,
      expiresAt: new Date(now.getTime() + this.options.sessionLifetime * 1000),
      ...(request.headers['user-agent'] !== undefined && { userAgent: request.headers['user-agent'].slice(0, LONGEST_USER_AGENT) }),
      address: request.ip,
    };
    const done = renewed ? await this.store.renew(signIn, renewed.hash) : await this.store.open(signIn);
    if (!done) return undefined;
    if (before && !renewed) await this.store.signOut(before.subject, before.sid, now);
    this.cookies.setSession(reply, handle, signIn.expiresAt);
    const { sid, subject, authenticatedAt, expiresAt } = signIn;
    return { sid, subject, account, amr, authenticatedAt, expiresAt, createdAt: renewed?.createdAt ?? now };
  }

  /** Ends the session of this browser, if there is one, and what apps may do under it while the person is there. @throws StorageUnavailableError */
  async signOut(request: BrowserRequest, reply: BrowserReply): Promise<void> {
    const record = await this.record(request);
    if (record) await this.store.signOut(record.subject, record.sid, this.clock.now());
    // Another site's form comes without the cookie, and must not be answered by taking it away: that would be signing out.
    if (this.cookies.session(request)) this.cookies.clearSession(reply);
  }

  private async record(request: BrowserRequest): Promise<BrowserSessionRecord | undefined> {
    const handle = this.cookies.session(request);
    const record = handle && (await this.store.find(handle.id, this.clock.now()));
    return record && constantTimeEqual(record.hash, handleHash(HandlePrefix.session, handle)) ? record : undefined;
  }
}
