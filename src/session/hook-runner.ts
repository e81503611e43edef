import type { IncomingMessage } from 'node:http';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { RefreshedSession } from './refresh/token-refresh.js';
import { RequestSession } from './request-session.js';
import type { SessionHooks } from './session-hooks.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import { SessionEndings } from './session-endings.js';
import type { UserClaims } from './state/session-state.js';

/** Calls the application where it wants to step in. */
@Injectable()
export class HookRunner implements OnModuleInit {
  private hooks: SessionHooks = {};

  constructor(
    private readonly endings: SessionEndings,
    private readonly modules: ModuleRef,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {}

  async onModuleInit(): Promise<void> {
    const { hooks } = this.options;
    this.hooks = typeof hooks === 'function' ? await this.modules.create(hooks) : hooks;
  }

  /** The claims to keep. @throws whatever the application throws, to refuse the sign-in */
  async signIn(claims: UserClaims): Promise<UserClaims> {
    const kept = await this.hooks.onSignIn?.({ claims });
    return { ...(kept ?? claims), sub: claims.sub };
  }

  /** False: the application does not want it any more. */
  async validate(session: RequestSession, request: IncomingMessage): Promise<boolean> {
    if (!this.hooks.onValidate) return true;
    let rejected: string | undefined;
    const gone = new AbortController();
    request.once('close', () => gone.abort());
    await this.hooks.onValidate({
      session,
      request,
      signal: gone.signal,
      refresh: async () => void (await session.accessToken({ force: true })),
      renew: () => session.renew(),
      replaceUser: async (claims) => session.replace(await this.endings.replaceUser(session.current, claims)),
      reject: (reason) => (rejected = reason),
    });
    if (rejected === undefined) return true;
    await this.endings.end(session.current, 'rejected', rejected);
    return false;
  }

  /** Once for each refresh. */
  async refreshed({ session, received }: RefreshedSession): Promise<void> {
    if (!received || !this.hooks.onRefreshed) return;
    const unused = () => Promise.reject(new Error('The session of a refresh belongs to several requests.'));
    const view = new RequestSession(session, this.options, { fresh: unused, end: unused, now: () => session.state.tokens.receivedAt });
    await this.hooks.onRefreshed({ session: view, ...(received.claims && { claims: received.claims }) });
  }
}
