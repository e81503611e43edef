import { DataSource } from 'typeorm';
import { migrations } from '../../../migrations/index.js';
import { ClientSecretEntity } from './entities/client-secret.entity.js';
import { ClientEntity } from './entities/client.entity.js';
import { ScopeEntity } from './entities/scope.entity.js';
import { UserCredentialEntity } from './entities/user-credential.entity.js';
import { UserEntity } from './entities/user.entity.js';
import { ROW_TYPES } from './row-types.js';

export interface PostgresOptions {
  /** Connection URL, `postgres://user:password@host:port/database`. PostgreSQL 15 or later. */
  readonly url: string;
  /** Connections at most; whoever follows the log of revocations has one more. @default 10 */
  readonly poolSize?: number;
  /** Milliseconds a statement may take before the server ends it; without a word from there, it fails a second later. 0: any. @default 10000 */
  readonly statementTimeout?: number;
  /** Milliseconds to wait for a connection. @default 5000 */
  readonly connectionTimeout?: number;
}

/** How much later than the server we give up ourselves, and with the statement its connection. */
const LATE_WORD_MS = 1_000;

/** The one way to a connection: entities for administration, the same pool for the hot paths. Not connected yet. */
export const createDataSource = ({
  url,
  poolSize = 10,
  statementTimeout = 10_000,
  connectionTimeout = 5_000,
}: PostgresOptions): DataSource =>
  new DataSource({
    type: 'postgres',
    url,
    entities: [ClientEntity, ClientSecretEntity, ScopeEntity, UserEntity, UserCredentialEntity],
    migrations,
    migrationsTableName: 'migration',
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    applicationName: 'countersign',
    poolErrorHandler: () => undefined, // an idle connection was lost; the next statement takes or makes another one and tells
    extra: {
      types: ROW_TYPES,
      max: poolSize,
      statement_timeout: statementTimeout,
      // A network that swallows everything and closes nothing: the server's word that it gave up never comes.
      query_timeout: statementTimeout === 0 ? 0 : statementTimeout + LATE_WORD_MS,
      // An instance that stands still in the middle of a transaction must not hold what it has locked.
      idle_in_transaction_session_timeout: statementTimeout,
      connectionTimeoutMillis: connectionTimeout,
      // By itself Postgres plans named look-ups on the partitioned table afresh each time, at two to three times the cost. A plan that is kept must do
      // for what a partition will hold one day: of one that is small or empty just then it would read the whole, and go on so however many entries come.
      // For dear plans it would compile code, which pays for no look-up.
      options: '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off',
    },
  });
