import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { ClientStore, type ClientRecord } from '../../storage/client.store.js';
import { Remembered } from '../configuration/remembered.js';

const MOST_CLIENTS = 10_000;

/**
 * Client records, remembered until ConfigurationWatch hears of a change. They never decide whether a client is enabled: the statements that issue and
 * look up join its row.
 */
@Injectable()
export class ClientDirectory {
  private readonly records = new Map<string, Remembered<ClientRecord | undefined>>();
  private readonly origins: Remembered<ReadonlySet<string>>;

  constructor(
    private readonly store: ClientStore,
    private readonly clock: Clock,
  ) {
    this.origins = new Remembered(() => this.allowedOrigins(), clock);
  }

  /** @throws StorageUnavailableError */
  async find(id: string): Promise<ClientRecord | undefined> {
    return this.remembered(id) ?? this.read(id);
  }

  /** Undefined: not read since it was forgotten. */
  remembered(id: string): ClientRecord | undefined {
    return this.records.get(id)?.value;
  }

  /** Whether any client allows this origin: all that can be asked before the client is known. @throws StorageUnavailableError */
  async anyAllows(origin: string): Promise<boolean> {
    return (await this.origins.get()).has(origin);
  }

  /** Past what is remembered. @throws StorageUnavailableError */
  async read(id: string): Promise<ClientRecord | undefined> {
    const record = this.records.get(id) ?? new Remembered(() => this.store.find(id), this.clock);
    this.records.delete(id); // the one read last is the last to go
    this.records.set(id, record);
    try {
      return await record.read();
    } finally {
      // No such client, or none that could be read; else there may be one too many.
      if (record.value === undefined) this.drop(id, record);
      else if (this.records.size > MOST_CLIENTS) this.records.delete(this.records.keys().next().value ?? '');
    }
  }

  /** A reading that is under way goes on for those who wait for it, and nobody finds what it brings. */
  forget(id: string): void {
    this.records.delete(id);
    this.origins.forget();
  }

  /** The same for all. */
  forgetAll(): void {
    this.records.clear();
    this.origins.forget();
  }

  private drop(id: string, record: Remembered<ClientRecord | undefined>): void {
    if (this.records.get(id) === record) this.records.delete(id);
  }

  private async allowedOrigins(): Promise<ReadonlySet<string>> {
    return new Set((await this.store.list()).flatMap((client) => (client.disabledAt ? [] : client.allowedOrigins)));
  }
}
