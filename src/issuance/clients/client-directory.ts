import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { ClientStore, type ClientRecord } from '../../storage/client.store.js';

const FRESH_MS = 5_000;
const MOST_CLIENTS = 10_000;

/** Client records, at most 5 s old. They never decide whether a client is enabled: the statements that issue and look up join its row. */
@Injectable()
export class ClientDirectory {
  private readonly cached = new Map<string, { readonly record: ClientRecord; readonly readAt: number }>();

  private origins: { readonly set: ReadonlySet<string>; readonly readAt: number } | undefined;

  constructor(
    private readonly store: ClientStore,
    private readonly clock: Clock,
  ) {}

  /** @throws StorageUnavailableError */
  async find(id: string): Promise<ClientRecord | undefined> {
    return this.remembered(id) ?? this.read(id);
  }

  /** Undefined: not read within the last 5 s. */
  remembered(id: string): ClientRecord | undefined {
    const cached = this.cached.get(id);
    return cached && Math.abs(this.clock.now().getTime() - cached.readAt) < FRESH_MS ? cached.record : undefined;
  }

  /** Whether any client allows this origin: all that can be asked before the client is known. @throws StorageUnavailableError */
  async anyAllows(origin: string): Promise<boolean> {
    const now = this.clock.now().getTime();
    if (!this.origins || Math.abs(now - this.origins.readAt) >= FRESH_MS) {
      const clients = await this.store.list();
      this.origins = { set: new Set(clients.flatMap((client) => (client.disabledAt ? [] : client.allowedOrigins))), readAt: now };
    }
    return this.origins.set.has(origin);
  }

  /** Past the cache. @throws StorageUnavailableError */
  async read(id: string): Promise<ClientRecord | undefined> {
    const record = await this.store.find(id);
    this.cached.delete(id);
    if (!record) return undefined;
    if (this.cached.size >= MOST_CLIENTS) this.cached.delete(this.cached.keys().next().value ?? '');
    this.cached.set(id, { record, readAt: this.clock.now().getTime() });
    return record;
  }
}
