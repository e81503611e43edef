// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** Whether a text is one scope of that form. Names of roles are held to it, too, as they are listed in the same way. */
export const isScopeToken = (text: string): boolean => SCOPE_TOKEN.test(text);

/** Splits a `scope` parameter at single spaces, drops repetitions, keeps order. `undefined` when it is not of RFC 6749 §3.3's form. */
export function parseScope(value: string): string[] | undefined {
  if (value === '') return undefined;
  const tokens = value.split(' ');
  return tokens.every(isScopeToken) ? [...new Set(tokens)] : undefined;
}

export const formatScope = (scopes: readonly string[]): string => scopes.join(' ');

/** Whether every element of `part` is in `whole`. */
export const isSubset = (part: readonly string[], whole: readonly string[]): boolean => part.every((element) => whole.includes(element));

/** Whether both hold the same elements, in any order. Neither may hold one twice. */
export const isSameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && isSubset(a, b);

/** Opens the revocation feed to a client by itself. */
export const FEED_SCOPE = 'revocations:read';
