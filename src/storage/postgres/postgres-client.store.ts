import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { uuidv7 } from '../../protocol/uuid.js';
import { ofClient } from '../configuration-change.js';
import { ClientStore, type ClientRecord, type NewClient } from '../client.store.js';
import { ADD_SECRET, DISABLE_CLIENT, ENABLE_CLIENT, KEEP_NEWEST_SECRET, LOCK_CLIENT, OPEN_STANDING_GRANT } from './client.sql.js';
import { ConfigurationWriter } from './configuration-writer.js';
import { Database, sqlState, SqlState } from './database.js';
import { ClientSecretEntity } from './entities/client-secret.entity.js';
import { ClientEntity } from './entities/client.entity.js';
import { Partitions } from './partitions.js';
import { logRowEnd } from './revocation.sql.js';

@Injectable()
export class PostgresClientStore extends ClientStore {
  constructor(
    private readonly database: Database,
    private readonly writer: ConfigurationWriter,
    private readonly partitions: Partitions,
  ) {
    super();
  }

  override async find(id: string): Promise<ClientRecord | undefined> {
    const [client] = await this.load({ id });
    return client;
  }

  override list(): Promise<ClientRecord[]> {
    return this.load({});
  }

  override async insert(client: NewClient, now: Date): Promise<boolean> {
    const standingAuthorizationId = uuidv7(now);
    try {
      return await this.writer.byManager(ofClient(client.id), now, async (manager) => {
        await manager.insert(ClientEntity, { ...toColumns(client), createdAt: now, disabledAt: null, epoch: 0, standingAuthorizationId });
        await manager.query(OPEN_STANDING_GRANT.text, [standingAuthorizationId, client.id, now]);
        return true;
      });
    } catch (error) {
      if (sqlState(error) === SqlState.uniqueViolation) return false;
      throw error;
    }
  }

  override update(client: NewClient, now: Date): Promise<boolean> {
    const { id, ...columns } = toColumns(client);
    return this.writer.byManager(
      ofClient(id),
      now,
      async (manager) => (await manager.update(ClientEntity, { id }, columns)).affected === 1,
    );
  }

  override setEnabled(id: string, enabled: boolean, now: Date): Promise<boolean> {
    if (!enabled) {
      const values = [id, now, Buffer.from(id), logRowEnd(now), Buffer.from(ofClient(id))];
      return this.partitions.logging(now, () => this.database.run(DISABLE_CLIENT, values)).then((rows) => rows.length === 1);
    }
    const standing = uuidv7(now);
    return this.writer.byStatements(ofClient(id), now, async (runner) => {
      const enabledRows = await runner.run(ENABLE_CLIENT, [id, standing]);
      if (enabledRows.length === 1) await runner.run(OPEN_STANDING_GRANT, [standing, id, now]);
      return enabledRows.length === 1;
    });
  }

  override addSecret(id: string, hash: Buffer, othersExpireAt: Date, now: Date): Promise<boolean> {
    return this.writer.byStatements(ofClient(id), now, async (runner) => {
      if ((await runner.run(LOCK_CLIENT, [id])).length === 0) return false;
      await runner.run(KEEP_NEWEST_SECRET, [id, othersExpireAt]);
      await runner.run(ADD_SECRET, [randomUUID(), id, hash, now]);
      return true;
    });
  }

  private async load(where: { id?: string }): Promise<ClientRecord[]> {
    const clients = await this.database.guarded(() =>
      this.database.dataSource.getRepository(ClientEntity).find({ where, order: { createdAt: 'ASC', id: 'ASC' } }),
    );
    const secrets = await this.database.guarded(() =>
      this.database.dataSource
        .getRepository(ClientSecretEntity)
        .find({ where: { client: In(clients.map((client) => client.id)) }, order: { createdAt: 'DESC' } }),
    );
    return clients.map((client) =>
      toRecord(
        client,
        secrets.filter((secret) => secret.client === client.id),
      ),
    );
  }
}

const toColumns = (client: NewClient) => ({
  id: client.id,
  displayName: client.displayName,
  type: client.type,
  authenticationMethod: client.authenticationMethod,
  permissions: client.permissions,
  redirectUris: [...client.redirectUris],
  postLogoutRedirectUris: [...client.postLogoutRedirectUris],
  allowedOrigins: [...client.allowedOrigins],
  defaultResource: client.defaultResource ?? null,
  settings: client.settings,
  jwks: client.jwks ?? null,
  jwksUri: client.jwksUri ?? null,
  backchannelLogoutUri: client.backchannelLogoutUri ?? null,
});

const toRecord = (row: ClientEntity, secrets: readonly ClientSecretEntity[]): ClientRecord => ({
  id: row.id,
  displayName: row.displayName,
  type: row.type,
  authenticationMethod: row.authenticationMethod,
  permissions: row.permissions,
  redirectUris: row.redirectUris,
  postLogoutRedirectUris: row.postLogoutRedirectUris,
  allowedOrigins: row.allowedOrigins,
  ...(row.defaultResource !== null && { defaultResource: row.defaultResource }),
  settings: row.settings,
  ...(row.jwks && { jwks: row.jwks }),
  ...(row.jwksUri !== null && { jwksUri: row.jwksUri }),
  ...(row.backchannelLogoutUri !== null && { backchannelLogoutUri: row.backchannelLogoutUri }),
  standingAuthorizationId: row.standingAuthorizationId,
  ...(row.disabledAt && { disabledAt: row.disabledAt }),
  createdAt: row.createdAt,
  secrets: secrets.map(({ id, hash, createdAt, expiresAt }) => ({ id, hash, createdAt, ...(expiresAt && { expiresAt }) })),
});
