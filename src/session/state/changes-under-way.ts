import { Injectable } from '@nestjs/common';
import { withTokensOf, type OpenSession } from './open-session.js';

interface Changes {
  /** Those that are under way. */
  requests: number;
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
    const changes = this.ofSessions.get(id) ?? { requests: 0, kept: new Map() };
    this.ofSessions.set(id, changes);
    changes.requests++;
    request.onClose(() => {
      if (--changes.requests === 0) this.ofSessions.delete(id);
    });
  }

  refreshed(session: OpenSession): void {
    const changes = this.ofSessions.get(session.id);
    if (changes) changes.refreshed = session;
  }

  kept({ id, data }: OpenSession, name: string): void {
    this.ofSessions.get(id)?.kept.set(name, Object.hasOwn(data, name) ? data[name] : undefined);
  }

  /** The session with all of that. @param own name of a value that the session has as it is to be */
  appliedTo(session: OpenSession, own?: string): OpenSession {
    const { refreshed, kept = [] } = this.ofSessions.get(session.id) ?? {};
    const data = new Map(Object.entries(session.data));
    for (const [name, value] of kept) {
      if (name === own) continue;
      if (value === undefined) data.delete(name);
      else data.set(name, value);
    }
    const newest = refreshed && refreshed.generation > session.generation ? withTokensOf(session, refreshed) : session;
    return { ...newest, data: Object.fromEntries(data) };
  }
}
