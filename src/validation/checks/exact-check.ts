import type { ModuleRef } from '@nestjs/core';
import type { TokenEntryStore } from '../../storage/token-entry.store.js';
import type { TokenCheck } from '../token-check.js';
import type { ResolvedValidationOptions } from '../validation.options.js';
import { EntryCheck } from './entry.check.js';
import { UncachedIntrospectionCheck } from './uncached-introspection.check.js';

/** What is asked where the feed does not suffice: the entry where the application has the database, else the issuer. Undefined: no check asks. */
export async function exactCheck(
  { checks }: ResolvedValidationOptions,
  modules: ModuleRef,
  entries?: TokenEntryStore,
): Promise<TokenCheck | undefined> {
  if (!checks.has('feed')) return undefined;
  return modules.create<TokenCheck>(entries ? EntryCheck : UncachedIntrospectionCheck);
}
