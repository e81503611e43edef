/** Of fetch, openid-client and the provider, as far as they are there. */
interface KnownError {
  readonly message?: unknown;
  readonly code?: unknown;
  /** RFC 6749 §5.2 */
  readonly error?: unknown;
  readonly cause?: { readonly code?: unknown } | null;
}

/** What may be told of an error that came with an answer of the provider: openid-client attaches answers to its errors, with the tokens in them. */
export function plainError(error: unknown): Error {
  const { message, code, error: name, cause } = (error ?? {}) as KnownError;
  const parts = [name, message, code, cause?.code].filter((part) => typeof part === 'string' && part !== '');
  return new Error([...new Set(parts)].join(': '));
}
