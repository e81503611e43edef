import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import {
  WebSessionStore,
  type NewWebSession,
  type RenamedWebSession,
  type WebSessionRecord,
  type WebSessionsOf,
} from '../web-session.store.js';

interface Entry extends NewWebSession {
  readonly generation: number;
  readonly data: Readonly<Record<string, string>>;
  readonly forgetAt?: Date | undefined;
  readonly lease?: { readonly holder: string; readonly until: Date } | undefined;
}

/** For tests of apps without Postgres: of one process, and gone with it. Nothing waits inside a method, so each is one step as a statement is. */
@Injectable()
export class MemoryWebSessionStore extends WebSessionStore {
  private readonly sessions = new Map<string, Entry>();
  private readonly seen = new Map<string, Date>();

  override isThere(): Promise<boolean> {
    return Promise.resolve(true);
  }

  override open(session: NewWebSession): Promise<void> {
    const key = keyOf(session.id);
    if (this.sessions.has(key)) return Promise.reject(new Error('There is a web session with this id.'));
    this.sessions.set(key, { ...session, generation: 0, data: {} });
    return Promise.resolve();
  }

  override find(id: Buffer, now: Date): Promise<WebSessionRecord | undefined> {
    const entry = this.liveEntry(id, now);
    if (!entry) return Promise.resolve(undefined);
    const { generation, sealed, data, forgetAt, lease, idleUntil } = entry;
    return Promise.resolve({
      generation,
      data: { ...data },
      sealed,
      ...(forgetAt && { forgetAt }),
      ...(lease && { leasedUntil: lease.until }),
      idleUntil,
    });
  }

  override lease(id: Buffer, generation: number, holder: string, now: Date, until: Date): Promise<boolean> {
    const entry = this.liveEntry(id, now);
    const isFree = !entry?.lease || entry.lease.until <= now || entry.lease.holder === holder;
    return this.change(entry?.generation === generation && isFree ? entry : undefined, { lease: { holder, until } });
  }

  override async release(id: Buffer, holder: string): Promise<void> {
    const entry = this.sessions.get(keyOf(id));
    await this.change(entry?.lease?.holder === holder ? entry : undefined, { lease: undefined });
  }

  override advance(id: Buffer, generation: number, holder: string, sealed: string, now: Date): Promise<boolean> {
    const entry = this.liveEntry(id, now);
    const isHolder = entry?.generation === generation && entry.lease?.holder === holder;
    return this.change(isHolder ? entry : undefined, { generation: generation + 1, sealed, forgetAt: undefined, lease: undefined });
  }

  override keep(id: Buffer, name: string, sealed: string | undefined, now: Date): Promise<boolean> {
    const entry = this.liveEntry(id, now);
    const others = Object.entries(entry?.data ?? {}).filter(([other]) => other !== name);
    return this.change(entry, { data: Object.fromEntries(sealed === undefined ? others : [...others, [name, sealed]]) });
  }

  override rename(id: Buffer, holder: string, to: RenamedWebSession, now: Date): Promise<boolean> {
    const entry = this.liveEntry(id, now);
    const isHolder = entry?.lease?.holder === holder && entry.lease.until > now;
    if (!entry || !isHolder || !isDeepStrictEqual({ ...entry.data }, { ...to.dataBefore })) return Promise.resolve(false);
    this.sessions.delete(keyOf(id));
    return this.change(entry, { id: to.id, sealed: to.sealed, data: { ...to.data }, forgetAt: undefined, lease: undefined });
  }

  override async acknowledge(id: Buffer, generation: number, forgetAt: Date): Promise<void> {
    const entry = this.sessions.get(keyOf(id));
    await this.change(entry?.generation === generation && !entry.forgetAt ? entry : undefined, { forgetAt });
  }

  override async touch(id: Buffer, until: Date): Promise<void> {
    const entry = this.sessions.get(keyOf(id));
    if (!entry) return;
    const idleUntil = until < entry.expiresAt ? until : entry.expiresAt;
    await this.change(entry.idleUntil < idleUntil ? entry : undefined, { idleUntil });
  }

  override live(ids: readonly Buffer[], now: Date): Promise<readonly Buffer[]> {
    return Promise.resolve(ids.filter((id) => this.liveEntry(id, now)));
  }

  override end(id: Buffer): Promise<boolean> {
    return Promise.resolve(this.sessions.delete(keyOf(id)));
  }

  override endAll({ issuer, createdBefore, subject, sid }: WebSessionsOf): Promise<readonly Buffer[]> {
    const ended = [...this.sessions.values()].filter(
      (entry) =>
        entry.issuer === issuer &&
        (subject === undefined || entry.subject === subject) &&
        (sid === undefined || entry.sid === sid) &&
        entry.createdAt < createdBefore,
    );
    for (const { id } of ended) this.sessions.delete(keyOf(id));
    return Promise.resolve(ended.map(({ id }) => id));
  }

  override firstSeen(id: Buffer, until: Date): Promise<boolean> {
    const isNew = !this.seen.has(keyOf(id));
    if (isNew) this.seen.set(keyOf(id), until);
    return Promise.resolve(isNew);
  }

  override wasSeen(id: Buffer, now: Date): Promise<boolean> {
    const until = this.seen.get(keyOf(id));
    return Promise.resolve(until !== undefined && until > now);
  }

  override prune(now: Date, most: number): Promise<number> {
    return Promise.resolve(pruned(this.sessions, ({ idleUntil }) => idleUntil <= now, most));
  }

  override pruneSeen(now: Date, most: number): Promise<number> {
    return Promise.resolve(pruned(this.seen, (until) => until <= now, most));
  }

  private liveEntry(id: Buffer, now: Date): Entry | undefined {
    const entry = this.sessions.get(keyOf(id));
    return entry && entry.idleUntil > now ? entry : undefined;
  }

  /** Undefined is what no row of a statement would be: nothing changes. */
  private change(entry: Entry | undefined, changes: Partial<Entry>): Promise<boolean> {
    if (entry) this.sessions.set(keyOf(changes.id ?? entry.id), { ...entry, ...changes });
    return Promise.resolve(entry !== undefined);
  }
}

const keyOf = (id: Buffer): string => id.toString('hex');

function pruned<Value>(entries: Map<string, Value>, isOver: (value: Value) => boolean, most: number): number {
  const over = [...entries].filter(([, value]) => isOver(value)).slice(0, most);
  for (const [key] of over) entries.delete(key);
  return over.length;
}
