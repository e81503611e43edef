const LARGEST_BODY = 1 << 20;

export interface JsonRequest extends RequestInit {
  /** Bytes of the answer at most. @default 1 MiB */
  readonly largest?: number;
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Undefined unless the status is 200. */
  readonly body: unknown;
}

/** The other side did not answer, or not in JSON. The message names status or system error, never what was sent. */
export class RequestFailedError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'RequestFailedError';
  }
}

/**
 * Sends a request and reads JSON. Follows no redirects: secrets and trust belong to the configured place.
 * @param timeout seconds until the whole body must be there
 * @throws RequestFailedError
 */
export async function requestJson(
  url: string,
  timeout: number,
  { largest = LARGEST_BODY, ...init }: JsonRequest = {},
): Promise<JsonAnswer> {
  const headers = { accept: 'application/json', ...(init.headers as Record<string, string> | undefined) };
  try {
    const response = await fetch(url, { ...init, headers, redirect: 'manual', signal: AbortSignal.timeout(timeout * 1000) });
    if (response.status === 200)
      return { status: 200, headers: response.headers, body: JSON.parse(await readText(response, largest)) as unknown };
    await response.body?.cancel();
    return { status: response.status, headers: response.headers, body: undefined };
  } catch (cause) {
    throw new RequestFailedError(describe(cause), cause);
  }
}

async function readText(response: Response, largest: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > largest) throw new RequestFailedError('the answer is too long');
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
}

/** Errors of fetch are told by their names: they may come from another realm, where `instanceof` fails. */
function describe(error: unknown): string {
  const { name, message, cause } = error as { name?: unknown; message?: unknown; cause?: { code?: unknown } };
  if (name === 'RequestFailedError') return String(message);
  if (name === 'SyntaxError') return 'the answer is not JSON'; // the parser's own message quotes it
  if (name === 'TimeoutError') return 'no answer in time';
  return typeof cause?.code === 'string' ? `the request failed (${cause.code})` : 'the request failed';
}
