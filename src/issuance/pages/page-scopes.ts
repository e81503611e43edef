import type { PageScope } from '../../identity/pages/page-models.js';
import type { ScopeRecord } from '../../storage/scope.store.js';

/**
 * Scopes as a page shows them: in the operator's words where there are any.
 *
 * @param before what the person has allowed already, so that the page can tell what is new; undefined: nothing, so that nothing stands out
 */
export const pageScopes = (scopes: readonly string[], known: ReadonlyMap<string, ScopeRecord>, before?: readonly string[]): PageScope[] =>
  scopes.map((name) => {
    const description = known.get(name)?.description;
    const isNew = before !== undefined && !before.includes(name);
    return { name, ...(description !== undefined && { description }), ...(isNew && { isNew }) };
  });
