import { RefreshUnavailableError } from './errors.js';
import type { RefresherContext } from './refresher.js';

export interface ServiceAnswer {
  readonly status: number;
  /** Seconds, if the service said so. */
  readonly retryAfter: number | undefined;
  /** Undefined: it was not JSON. */
  readonly body: unknown;
}

export interface ServiceRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request with tokens in its body. Never redirected, for it would carry them along; without cookies, which the service needs none of. */
export async function askService(url: URL, request: ServiceRequest, { fetch, signal }: RefresherContext): Promise<ServiceAnswer> {
  // `keepalive`: an app may be left right after signing out.
  const fixed = { method: 'POST', redirect: 'error', credentials: 'omit', cache: 'no-store', keepalive: true } as const;
  const response = await fetch(url.href, { ...fixed, ...request, signal });
  const text = await response.text();
  return { status: response.status, retryAfter: retryAfterOf(response), body: parse(text) };
}

/** What an answer is that is neither tokens nor a final refusal: an outage, or a fault of the settings, which must not cost anybody the session. */
export function unavailable({ status, retryAfter }: ServiceAnswer, code?: string): RefreshUnavailableError {
  const said = code === undefined ? '' : ` (${code})`;
  return new RefreshUnavailableError(
    `The service answered a refresh with ${status}${said}.`,
    retryAfter === undefined ? {} : { retryAfter },
  );
}

/** One member of an answer, if it is a short name and hence fit for a message. */
export function nameIn(body: unknown, member: string): string | undefined {
  const value = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>)[member] : undefined;
  return typeof value === 'string' && /^[a-z:_-]{1,64}$/.test(value) ? value : undefined;
}

/** RFC 9110 §10.2.3, the form in seconds; the other one depends on clocks that agree. */
function retryAfterOf(response: Response): number | undefined {
  const value = response.headers.get('retry-after');
  return value !== null && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // what JSON.parse says shows what it read
  }
}
