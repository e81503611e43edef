import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { ClientStore } from '../../storage/client.store.js';
import { ConsentStore, type ConnectedApp } from '../../storage/consent.store.js';
import { ScopeStore } from '../../storage/scope.store.js';
import { SessionStore, type SessionRecord } from '../../storage/session.store.js';
import type { BrowserSession } from '../browser/browser-sessions.js';
import type { PageApp, PageSession } from './page-models.js';

/** What a person sees of their own sessions and connected apps. @throws StorageUnavailableError */
@Injectable()
export class AccountOverview {
  constructor(
    private readonly sessionStore: SessionStore,
    private readonly consents: ConsentStore,
    private readonly clients: ClientStore,
    private readonly scopes: ScopeStore,
    private readonly clock: Clock,
  ) {}

  /** This browser's first, then the newest. */
  async sessions({ subject, sid }: BrowserSession): Promise<PageSession[]> {
    const records = await this.sessionStore.list(subject, this.clock.now());
    const names = await this.namesOf(records.flatMap(({ client }) => client ?? []));
    const all = records.map((record) => pageSession(record, sid, names));
    return [...all.filter(({ current }) => current), ...all.filter(({ current }) => !current)];
  }

  async apps({ subject }: BrowserSession): Promise<PageApp[]> {
    const apps = await this.consents.list(subject, this.clock.now());
    if (apps.length === 0) return [];
    const descriptions = new Map((await this.scopes.list()).map(({ name, description }) => [name, description]));
    return apps.map((app) => pageApp(app, descriptions));
  }

  private async namesOf(clients: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await Promise.all([...new Set(clients)].map((id) => this.clients.find(id)));
    return new Map(found.flatMap((client) => (client ? [[client.id, client.displayName] as const] : [])));
  }
}

const pageSession = (record: SessionRecord, currentSid: string, names: ReadonlyMap<string, string>): PageSession => ({
  id: record.sid,
  ...(record.client !== undefined && { appName: names.get(record.client) ?? record.client }),
  ...(record.userAgent !== undefined && { userAgent: record.userAgent }),
  ...(record.address !== undefined && { address: record.address }),
  createdAt: record.createdAt,
  lastSeenAt: record.lastSeenAt,
  current: record.sid === currentSid,
});

const pageApp = (app: ConnectedApp, descriptions: ReadonlyMap<string, string | undefined>): PageApp => ({
  id: app.client,
  name: app.displayName,
  scopes: app.scopes.map((name) => {
    const description = descriptions.get(name);
    return { name, ...(description !== undefined && { description }) };
  }),
  grantedAt: app.grantedAt,
  ...(app.lastUsedAt && { lastUsedAt: app.lastUsedAt }),
});
