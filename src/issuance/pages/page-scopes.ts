import type { PageScope } from '../../identity/pages/page-models.js';
import type { ScopeRecord } from '../../storage/scope.store.js';

/** Scopes as a page shows them: in the operator's words where there are any. */
export const pageScopes = (scopes: readonly string[], known: ReadonlyMap<string, ScopeRecord>): PageScope[] =>
  scopes.map((name) => {
    const description = known.get(name)?.description;
    return { name, ...(description !== undefined && { description }) };
  });
