import type { INestApplicationContext } from '@nestjs/common';
import type { Account } from '../../identity/accounts/accounts.js';
import { Users } from '../../identity/users.js';
import { Refusal } from './terminal.js';

/** By e-mail in any spelling, or by id. @throws Refusal */
export async function findPerson(app: INestApplicationContext, who: string): Promise<Account> {
  const users = app.get(Users, { strict: false });
  const person = who.includes('@') ? await users.findByEmail(who) : await users.findById(who);
  if (!person) throw new Refusal('There is no such user.');
  return person;
}
