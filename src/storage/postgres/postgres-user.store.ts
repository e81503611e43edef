import { Injectable } from '@nestjs/common';
import { UserStore, type NewUser, type PasswordChange, type UserRecord } from '../user.store.js';
import { Database, sqlState, SqlState, type Runner } from './database.js';
import { UserCredentialEntity } from './entities/user-credential.entity.js';
import { UserEntity } from './entities/user.entity.js';
import { GrantEndings } from './grant-endings.js';

@Injectable()
export class PostgresUserStore extends UserStore {
  constructor(
    private readonly database: Database,
    private readonly endings: GrantEndings,
  ) {
    super();
  }

  override async find(by: { id: string } | { email: string }): Promise<UserRecord | undefined> {
    const [row] = await this.database.run<UserRow>('id' in by ? FIND_BY_ID : FIND_BY_EMAIL, ['id' in by ? by.id : by.email]);
    return row && toUser(row);
  }

  override async list(): Promise<UserRecord[]> {
    const credentials = await this.database.guarded(() =>
      this.database.dataSource
        .getRepository(UserCredentialEntity)
        .find({ relations: { user: true }, order: { user: { createdAt: 'ASC' } } }),
    );
    return credentials.map(({ user, passwordHash }) => ({
      id: user.id,
      email: user.email,
      emailVerified: user.emailVerified,
      ...(user.displayName !== null && { displayName: user.displayName }),
      roles: user.roles,
      claims: user.claims as Record<string, unknown>,
      passwordHash,
      credentialVersion: user.credentialVersion,
      ...(user.disabledAt && { disabledAt: user.disabledAt }),
      createdAt: user.createdAt,
    }));
  }

  override async insert(user: NewUser, now: Date): Promise<boolean> {
    const { passwordHash, displayName, ...person } = user;
    try {
      await this.database.guarded(() =>
        this.database.dataSource.transaction(async (manager) => {
          await manager.insert(UserEntity, {
            ...person,
            roles: [...person.roles],
            claims: { ...person.claims },
            displayName: displayName ?? null,
            createdAt: now,
            disabledAt: null,
            credentialVersion: 1,
          });
          await manager.insert(UserCredentialEntity, { userId: person.id, changedAt: now, passwordHash });
        }),
      );
      return true;
    } catch (error) {
      if (sqlState(error) === SqlState.uniqueViolation) return false;
      throw error;
    }
  }

  override changePassword(change: PasswordChange, now: Date): Promise<boolean> {
    return this.endings.transaction(now, async (runner) => {
      const [person] = await runner.run(BUMP_CREDENTIAL, [change.id, change.credentialVersion]);
      if (!person) return false;
      await runner.run(SET_PASSWORD, [change.id, change.passwordHash, now]);
      if (change.end !== 'none') {
        const keepSid = change.end === 'others' ? change.keepSid : undefined;
        const selection = {
          ...(keepSid !== undefined && { keepSid }),
          spare: change.connectedApps ? 'nothing' : 'connected-apps',
        } as const;
        await this.endings.endWithin(runner, change.id, now, selection);
      }
      return true;
    });
  }

  override async rehash(id: string, credentialVersion: number, passwordHash: string): Promise<void> {
    await this.database.run(REHASH, [id, credentialVersion, passwordHash]);
  }

  override setEnabled(id: string, enabled: boolean, now: Date): Promise<boolean> {
    return this.endings.transaction(now, async (runner) => {
      const changed = await setDisabledAt(runner, id, enabled ? null : now);
      if (changed && !enabled) await this.endings.endWithin(runner, id, now, { spare: 'nothing' });
      return changed;
    });
  }
}

interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly email_verified: boolean;
  readonly display_name: string | null;
  readonly roles: string[];
  readonly claims: Record<string, unknown>;
  readonly password_hash: string;
  readonly credential_version: number;
  readonly disabled_at: Date | null;
  readonly created_at: Date;
}

const toUser = (row: UserRow): UserRecord => ({
  id: row.id,
  email: row.email,
  emailVerified: row.email_verified,
  ...(row.display_name !== null && { displayName: row.display_name }),
  roles: row.roles,
  claims: row.claims,
  passwordHash: row.password_hash,
  credentialVersion: row.credential_version,
  ...(row.disabled_at && { disabledAt: row.disabled_at }),
  createdAt: row.created_at,
});

async function setDisabledAt(runner: Runner, id: string, disabledAt: Date | null): Promise<boolean> {
  return (await runner.run(SET_DISABLED, [id, disabledAt])).length === 1;
}

const SELECT_USER = `
select u.id, u.email, u.email_verified, u.display_name, u.roles, u.claims, c.password_hash, u.credential_version, u.disabled_at, u.created_at
from users u join user_credential c on c.user_id = u.id`;
const FIND_BY_ID = { name: 'user_by_id', text: `${SELECT_USER} where u.id = $1::uuid` };
const FIND_BY_EMAIL = { name: 'user_by_email', text: `${SELECT_USER} where u.email = $1::text` };

/** The person's row first: grants being opened on the old password wait for it, and are refused by the new version. */
const BUMP_CREDENTIAL = {
  name: 'bump_credential',
  text: `
update users set credential_version = credential_version + 1
where id = $1::uuid and credential_version = $2::int and disabled_at is null
returning id`,
};
const SET_PASSWORD = {
  name: 'set_password',
  text: `update user_credential set password_hash = $2::text, changed_at = $3::timestamptz where user_id = $1::uuid`,
};
const REHASH = {
  name: 'rehash',
  text: `
update user_credential set password_hash = $3::text
from users where users.id = $1::uuid and user_id = users.id and users.credential_version = $2::int`,
};
const SET_DISABLED = {
  name: 'set_user_disabled',
  // A new version when they are disabled: what was proven before does not come back with them, not even where no entries are kept.
  text: `
update users set disabled_at = $2::timestamptz, credential_version = credential_version + case when $2::timestamptz is null then 0 else 1 end
where id = $1::uuid and (disabled_at is null) = ($2::timestamptz is not null)
returning id`,
};
