/** What of an error goes to the log. */
export interface ErrorFields {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  /** SQLSTATE, or the name of a system error. */
  readonly code?: string;
  readonly cause?: ErrorFields;
}

const DEEPEST_CAUSE = 5;
// A leaked token is findable by its form: reference strings and secrets by their prefix, JWTs and JWEs by their header.
const SECRETS = /\bcs_[a-z]{2}_[\w-]{16,}|\beyJ[\w-]{10,}(?:\.[\w-]*){2,4}/g;
/** SQLSTATE class 22, data exception: the message quotes the value that did not fit. */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;

/**
 * Name, message, stack and code of an error and its causes, and nothing else: database errors carry the row (`detail`) and the values of the statement
 * (`parameters`), others whatever their authors found useful.
 */
export function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error))
    return { type: typeof error, message: typeof error === 'string' ? withoutSecrets(error) : 'not an error object' };
  const { code } = error as { code?: unknown };
  const quotesData = typeof code === 'string' && DATA_EXCEPTION.test(code);
  return {
    type: error.name,
    message: quotesData ? 'a value of the wrong form' : withoutSecrets(error.message || (error as { code?: string }).code || ''),
    ...(error.stack !== undefined && { stack: quotesData ? framesOf(error.stack) : withoutSecrets(error.stack) }),
    ...(typeof code === 'string' && { code }),
    ...(error.cause !== undefined && depth < DEEPEST_CAUSE && { cause: errorFields(error.cause, depth + 1) }),
  };
}

export const withoutSecrets = (text: string): string => text.replace(SECRETS, '[secret]');

const framesOf = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
