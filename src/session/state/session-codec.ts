import { Inject, Injectable } from '@nestjs/common';
import { parseJsonObject } from '../../protocol/compact-jws.js';
import { SealingKeys } from '../cookie/sealing-keys.js';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import type { OpenSession } from './open-session.js';
import { isSessionId, sessionIdHash } from './session-ids.js';
import type { SessionContent, SessionData, SessionState } from './session-state.js';

/** What a browser presents. */
export interface PresentedSession {
  readonly id: string;
  /** Undefined: the store has it all. */
  readonly content?: SessionContent & { readonly outdated: boolean };
}

/** Generation of a cookie that holds no content, since it was too large. */
export const BEFORE_ANY = -1;

/** Writes and reads what cookies and rows hold. */
@Injectable()
export class SessionCodec {
  private readonly cookies: SealingKeys;
  private readonly rows: SealingKeys;

  constructor(@Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions) {
    this.cookies = new SealingKeys('cookie', options.keys);
    this.rows = new SealingKeys('row', options.keys);
  }

  /** `data` is for where there is no row to keep it. The id token is large, and of use at sign-out only: it stays in the row, if there is one. */
  cookieValue(id: string, { generation, state, idleUntil, data }: SessionContent): string {
    if (this.options.store === 'postgres') return id;
    const { idToken: _, ...tokens } = state.tokens;
    const content = { id, generation, state: { ...state, tokens }, idleUntil, data };
    return this.cookies.seal(Buffer.from(JSON.stringify(content)), this.options.cookie.name);
  }

  /** For a session that is too large for cookies: older than any row, so that the row is what counts. */
  leadingToRow({ id, state, idleUntil }: OpenSession): string {
    const tokens = { accessToken: '', receivedAt: 0, expiresAt: 0 };
    const { user, createdAt } = state;
    return this.cookieValue(id, { generation: BEFORE_ANY, idleUntil, state: { user: { sub: user.sub }, createdAt, tokens } });
  }

  /** Undefined: not of our making, whatever is wrong with it. */
  readCookie(value: string): PresentedSession | undefined {
    if (this.options.store === 'postgres') return isSessionId(value) ? { id: value } : undefined;
    const opened = this.cookies.open(value, this.options.cookie.name);
    const content = opened && (parseJsonObject(opened.content) as (SessionContent & { readonly id: unknown }) | undefined);
    return content && isSessionId(content.id) ? { id: content.id, content: { ...content, outdated: opened.outdated } } : undefined;
  }

  /** For the row of this session alone. */
  seal(id: string, state: SessionState): string {
    return this.rows.seal(Buffer.from(JSON.stringify(state)), boundTo(id));
  }

  /** Undefined: of another row, or by a key that is not in the ring any more. */
  open(id: string, sealed: string): SessionState | undefined {
    const opened = this.rows.open(sealed, boundTo(id));
    return opened && (parseJsonObject(opened.content) as unknown as SessionState | undefined);
  }

  /** A value of the application's, for this session and name alone. */
  sealValue(id: string, name: string, value: unknown): string {
    return this.rows.seal(Buffer.from(JSON.stringify(value)), boundTo(id, name));
  }

  /** Undefined: there is none, or as `open`. */
  openValue(id: string, name: string, data: SessionData): unknown {
    const sealed = Object.hasOwn(data, name) ? data[name] : undefined;
    const opened = sealed === undefined ? undefined : this.rows.open(sealed, boundTo(id, name));
    return opened && (JSON.parse(opened.content.toString()) as unknown);
  }

  /** The data for another id of the session. What no key of the ring opens is left behind. */
  resealed(data: SessionData, from: string, to: string): SessionData {
    const values = Object.keys(data).map((name) => [name, this.openValue(from, name, data)] as const);
    return Object.fromEntries(values.flatMap(([name, value]) => (value === undefined ? [] : [[name, this.sealValue(to, name, value)]])));
  }
}

const boundTo = (id: string, name?: string): string => {
  const row = sessionIdHash(id).toString('base64url');
  return name === undefined ? row : `${row} ${name}`;
};
