/** Of fetch, openid-client and the provider, as far as they are there. */
interface KnownError {
  readonly message?: unknown;
  readonly code?: unknown;
  /** RFC 6749 §5.2 */
  readonly error?: unknown;
  readonly cause?: KnownError | null;
}

/** openid-client wraps what fetch throws, which wraps what the connection came to. */
const DEEPEST = 5;
/** As Node, its libraries and databases write theirs; what an answer calls a code may be a secret. */
const CODE = /^[A-Z0-9_]{1,50}$/;

/** What may be told of an error that came with an answer of the provider: openid-client attaches answers to its errors, with the tokens in them. */
export function plainError(error: unknown): Error {
  const { message, error: name } = (error ?? {}) as KnownError;
  const parts = [name, message, ...codesOf(error as KnownError | undefined)].filter((part) => typeof part === 'string' && part !== '');
  return new Error([...new Set(parts)].join(': '));
}

function codesOf(error: KnownError | null | undefined): readonly string[] {
  const codes: string[] = [];
  for (let at = error, depth = 0; at && depth < DEEPEST; at = at.cause, depth++) {
    if (typeof at.code === 'string' && CODE.test(at.code)) codes.push(at.code);
  }
  return codes;
}
