import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Carrier } from './http/carrier.js';
import { RequestSession } from './request-session.js';
import { SessionEndings } from './session-endings.js';
import type { SessionHooks } from './session-hooks.js';
import { SessionSliding } from './session-sliding.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from './session.options.js';
import type { OpenSession } from './state/open-session.js';
import { SessionRecords } from './state/session-records.js';
import type { UserClaims } from './state/session-state.js';
import { valueFault } from './state/value-fault.js';

/** Calls the application where it wants to step in. */
@Injectable()
export class HookRunner implements OnModuleInit {
  private readonly logger = new Logger('Sessions');
  private hooks: SessionHooks = {};

  constructor(
    private readonly endings: SessionEndings,
    private readonly records: SessionRecords,
    private readonly sliding: SessionSliding,
    private readonly modules: ModuleRef,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {}

  async onModuleInit(): Promise<void> {
    const { hooks } = this.options;
    this.hooks = typeof hooks === 'function' ? await this.modules.create(hooks) : hooks;
  }

  /** The claims to keep, and the values. @throws whatever the application throws, to refuse the sign-in */
  async signIn(claims: UserClaims): Promise<{ readonly user: UserClaims; readonly values: ReadonlyMap<string, unknown> }> {
    const values = new Map<string, unknown>();
    const set = (name: string, value: unknown): void => {
      const fault = valueFault(name, value);
      if (fault) throw fault;
      values.set(name, value);
    };
    const kept = await this.hooks.onSignIn?.({ claims, set });
    return { user: { ...(kept ?? claims), sub: claims.sub }, values };
  }

  /** False: the application does not want it any more. */
  async validate(session: RequestSession, { request, gone }: Carrier): Promise<boolean> {
    if (!this.hooks.onValidate) return true;
    let rejected: { readonly reason: string } | undefined;
    await this.hooks.onValidate({
      session,
      request,
      signal: gone,
      refresh: async () => void (await session.accessToken({ force: true, signal: gone })),
      renew: async () => {
        if (rejected === undefined) await this.sliding.renew(session);
      },
      replaceUser: (claims) => session.replaceUser(claims),
      reject: (reason = 'no reason given') => (rejected = { reason }),
    });
    if (rejected === undefined) return !(await session.wasEnded());
    await this.endings.end(session.current, 'rejected', rejected.reason);
    void this.endings.revoke(session.current);
    return false;
  }

  /** What goes wrong in there is the application's: the refresh stands. */
  async refreshed(session: OpenSession, claims: UserClaims | undefined): Promise<void> {
    try {
      await this.hooks.onRefreshed?.({ session: this.view(session), ...(claims && { claims }) });
    } catch (error) {
      this.logger.error({ msg: 'onRefreshed failed', err: error });
    }
  }

  /** Of several requests, and of none. */
  private view(session: OpenSession): RequestSession {
    return new RequestSession(session, this.options, NO_CARRIER, {
      fresh: (open) => Promise.resolve(open),
      value: (open, name) => this.records.value(open, name),
      keepsInCookie: this.records.store === undefined,
      keep: (open, name, value) => this.records.keep(open, name, value),
      replaceUser: (open, claims) => this.records.replaceUser(open, claims),
      regenerate: () => Promise.reject(new TypeError('Only a request gives its session another id.')),
      end: (open, detail) => this.endings.signOut(open, detail),
      wasReplaced: (open) => this.records.wasReplaced(open.id),
      upToDate: (open) => open,
      now: () => session.state.tokens.receivedAt,
    });
  }
}

const NO_CARRIER = { canSetCookies: () => false };
