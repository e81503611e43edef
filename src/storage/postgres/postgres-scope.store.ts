import { Injectable } from '@nestjs/common';
import { ScopeStore, type ScopeRecord } from '../scope.store.js';
import { Database } from './database.js';
import { ScopeEntity } from './entities/scope.entity.js';

@Injectable()
export class PostgresScopeStore extends ScopeStore {
  constructor(private readonly database: Database) {
    super();
  }

  override async list(): Promise<ScopeRecord[]> {
    const rows = await this.database.guarded(() => this.repository.find({ order: { name: 'ASC' } }));
    return rows.map(({ name, description, resources }) => ({ name, ...(description !== null && { description }), resources }));
  }

  override async put({ name, description, resources }: ScopeRecord): Promise<void> {
    const row = { name, description: description ?? null, resources: [...resources] };
    await this.database.guarded(() => this.repository.upsert(row, ['name']));
  }

  override async remove(name: string): Promise<boolean> {
    return (await this.database.guarded(() => this.repository.delete({ name }))).affected === 1;
  }

  private get repository() {
    return this.database.dataSource.getRepository(ScopeEntity);
  }
}
