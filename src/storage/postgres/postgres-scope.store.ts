import { Injectable } from '@nestjs/common';
import { ScopeStore, type ScopeRecord } from '../scope.store.js';
import { ConfigurationWriter } from './configuration-writer.js';
import { Database } from './database.js';
import { ScopeEntity } from './entities/scope.entity.js';

@Injectable()
export class PostgresScopeStore extends ScopeStore {
  constructor(
    private readonly database: Database,
    private readonly writer: ConfigurationWriter,
  ) {
    super();
  }

  override async list(): Promise<ScopeRecord[]> {
    const rows = await this.database.guarded(() => this.database.dataSource.getRepository(ScopeEntity).find({ order: { name: 'ASC' } }));
    return rows.map(({ name, description, resources }) => ({ name, ...(description !== null && { description }), resources }));
  }

  override async put({ name, description, resources }: ScopeRecord, now: Date): Promise<void> {
    const row = { name, description: description ?? null, resources: [...resources] };
    await this.writer.byManager('scopes', now, (manager) => manager.upsert(ScopeEntity, row, ['name']).then(() => true));
  }

  override remove(name: string, now: Date): Promise<boolean> {
    return this.writer.byManager('scopes', now, async (manager) => (await manager.delete(ScopeEntity, { name })).affected === 1);
  }
}
