import { Inject, Injectable } from '@nestjs/common';
import { CheckUnavailableError, DEFAULT_RETRY_AFTER } from '../check-unavailable.error.js';
import { IssuerMetadata } from '../issuer/issuer-metadata.js';
import { requestJson, RequestFailedError, type JsonAnswer } from '../issuer/request-json.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';
import { authenticate } from './client-authentication.js';
import { Limiter } from './limiter.js';

const LONGEST_RETRY_AFTER = 60;
/** Callers that may wait for each place under way. More would only wait in vain. */
const WAITING_PER_PLACE = 20;

/** Asks the issuer's introspection endpoint (RFC 7662 §2.1) with the API's own client credentials. */
@Injectable()
export class IntrospectionClient {
  readonly #limiter: Limiter;

  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    private readonly metadata: IssuerMetadata,
  ) {
    this.#limiter = new Limiter(options.introspectionConcurrency, options.introspectionConcurrency * WAITING_PER_PLACE);
  }

  /**
   * The answer as it came, a JSON object.
   * @throws CheckUnavailableError for every answer that says nothing about the token: RFC 7662 §2.3 has errors for the caller's own faults only
   */
  async introspect(token: string): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.#limiter.run(() => this.#ask(token));
    if (!answer) throw new CheckUnavailableError('Introspection: too many requests wait for an answer already.');
    const { status, body, headers } = answer;
    if (status !== 200) throw new CheckUnavailableError(`Introspection: ${explain(status)}`, { retryAfter: retryAfter(headers) });
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw new CheckUnavailableError('Introspection: the answer is no JSON object.');
    }
    return body as Record<string, unknown>;
  }

  async #ask(token: string): Promise<JsonAnswer> {
    const { headers, parameters } = authenticate(this.options);
    const body = new URLSearchParams({ token, token_type_hint: 'access_token', ...parameters });
    const endpoint = this.options.introspectionEndpoint ?? (await this.metadata.get()).introspectionEndpoint;
    if (endpoint === undefined) {
      throw new CheckUnavailableError('Introspection: the discovery document names no endpoint; set the option introspectionEndpoint.');
    }
    try {
      return await requestJson(endpoint, this.options.requestTimeout, { method: 'POST', headers, body });
    } catch (cause) {
      if (cause instanceof RequestFailedError) throw new CheckUnavailableError(`Introspection: ${cause.message}.`, { cause });
      throw cause;
    }
  }
}

function explain(status: number): string {
  if (status === 401) return 'status 401; correct the options clientId, clientSecret and clientAuthentication.';
  // RFC 6749 §5.2: unauthorized_client is 400, and nothing else is wrong with the question.
  if (status === 400 || status === 403) return `status ${status}; permit the client to introspect.`;
  return `status ${status}.`;
}

/** What the endpoint asks for, in seconds and within reason (RFC 9110 §10.2.3). */
function retryAfter(headers: Headers): number {
  const seconds = Number(headers.get('retry-after') ?? DEFAULT_RETRY_AFTER);
  return Number.isInteger(seconds) && seconds > 0 ? Math.min(seconds, LONGEST_RETRY_AFTER) : DEFAULT_RETRY_AFTER;
}
