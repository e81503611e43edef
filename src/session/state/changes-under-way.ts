import { Injectable } from '@nestjs/common';
import { withTokensOf, type OpenSession } from './open-session.js';

interface Changes {
  /** Those that are under way. */
  requests: number;
  /** Ids that the session has had since; the last one counts. */
  readonly ids: string[];
  /** Under that one. */
  renamed?: OpenSession;
  /** What the last refresh brought. */
  refreshed?: OpenSession;
  /** Sealed values by name; undefined: taken away. */
  readonly kept: Map<string, string | undefined>;
}

/**
 * What has changed of a session since requests looked at it that are still under way. Where only cookies hold sessions, the answer of a slow one would take
 * it back: old tokens would come with it, and what another request has kept would go.
 */
@Injectable()
export class ChangesUnderWay {
  private readonly ofSessions = new Map<string, Changes>();

  /** From now on, until the request is over. */
  watch({ id }: OpenSession, request: { onClose(listener: () => void): void }): void {
    const changes = this.ofSessions.get(id) ?? { requests: 0, ids: [id], kept: new Map() };
    this.ofSessions.set(id, changes);
    changes.requests++;
    request.onClose(() => {
      if (--changes.requests === 0) for (const one of changes.ids) this.ofSessions.delete(one);
    });
  }

  refreshed(session: OpenSession): void {
    const changes = this.now(session);
    if (changes) changes.refreshed = session;
  }

  kept(session: OpenSession, name: string): void {
    this.now(session)?.kept.set(name, Object.hasOwn(session.data, name) ? session.data[name] : undefined);
  }

  /** From now on, the old id has nothing. */
  renamed(before: OpenSession, session: OpenSession): void {
    const changes = this.now(before);
    if (!changes) return;
    changes.ids.push(session.id);
    changes.renamed = session;
    changes.kept.clear(); // sealed for the old id
    this.ofSessions.set(session.id, changes);
  }

  /** The session under the id that it has by now. Undefined: it has no other one. */
  successor({ id }: OpenSession): OpenSession | undefined {
    const { renamed } = this.ofSessions.get(id) ?? {};
    return renamed && renamed.id !== id ? this.appliedTo(renamed) : undefined;
  }

  /** The session with all of that. @param own name of a value that the session has as it is to be */
  appliedTo(session: OpenSession, own?: string): OpenSession {
    const { refreshed, kept = [] } = this.now(session) ?? {};
    const data = new Map(Object.entries(session.data));
    for (const [name, value] of kept) {
      if (name === own) continue;
      if (value === undefined) data.delete(name);
      else data.set(name, value);
    }
    const newest = refreshed && refreshed.generation > session.generation ? withTokensOf(session, refreshed) : session;
    return { ...newest, data: Object.fromEntries(data) };
  }

  /** Undefined as well: it goes on under another id. */
  private now({ id }: OpenSession): Changes | undefined {
    const changes = this.ofSessions.get(id);
    return changes?.ids.at(-1) === id ? changes : undefined;
  }
}
