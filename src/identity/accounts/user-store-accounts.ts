import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { isUuid, uuidv7 } from '../../protocol/uuid.js';
import { UserStore } from '../../storage/user.store.js';
import { Accounts, type Account, type NewAccount, type NewPassword } from './accounts.js';

/** Accounts in the token database. */
@Injectable()
export class UserStoreAccounts extends Accounts {
  constructor(
    private readonly users: UserStore,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async find(by: { id: string } | { email: string }): Promise<Account | undefined> {
    return 'id' in by && !isUuid(by.id) ? undefined : this.users.find(by);
  }

  override list(): Promise<Account[]> {
    return this.users.list();
  }

  override async insert(account: NewAccount): Promise<Account | undefined> {
    const now = this.clock.now();
    const id = uuidv7(now);
    return (await this.users.insert({ id, ...account }, now)) ? this.find({ id }) : undefined;
  }

  override async changePassword({ account, ...change }: NewPassword): Promise<boolean> {
    if (account.credentialVersion === undefined) return false;
    return this.users.changePassword({ id: account.id, credentialVersion: account.credentialVersion, ...change }, this.clock.now());
  }

  override async rehash(account: Account, passwordHash: string): Promise<void> {
    if (account.credentialVersion !== undefined) await this.users.rehash(account.id, account.credentialVersion, passwordHash);
  }

  override async setEnabled(id: string, enabled: boolean): Promise<boolean> {
    return isUuid(id) && this.users.setEnabled(id, enabled, this.clock.now());
  }
}
