import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { SparseLog } from '../sparse-log.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';
import { RefreshedCopy } from './refreshed-copy.js';
import { requestJson, RequestFailedError } from './request-json.js';
import { isSecureUrl } from '../../protocol/secure-url.js';

/** What a guard needs of the issuer's discovery document. */
export interface Metadata {
  readonly jwksUri: string | undefined;
  readonly introspectionEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
  readonly revocationFeedEndpoint: string | undefined;
}

/** The issuer's discovery document (OpenID Connect Discovery §4, else RFC 8414 §3), read when first needed: the API starts without the issuer. */
@Injectable()
export class IssuerMetadata {
  readonly #copy: RefreshedCopy<Metadata>;

  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) clock: Clock,
  ) {
    const policy = { maxAge: options.jwksMaxAge, lastGood: options.jwksLastGood, cooldown: options.jwksCooldown };
    const log = new SparseLog(new Logger(IssuerMetadata.name), clock);
    this.#copy = new RefreshedCopy('The discovery document', () => this.#load(), policy, clock, log);
  }

  /** @throws CheckUnavailableError */
  get(): Promise<Metadata> {
    return this.#copy.get();
  }

  /** Without waiting for the issuer where anything is known. @throws CheckUnavailableError */
  known(): Promise<Metadata> {
    return this.#copy.known();
  }

  async #load(): Promise<Metadata> {
    const document = await this.#fetch();
    // RFC 8414 §3.3: a document of somebody else must not be used.
    if (document.issuer !== this.options.issuer) {
      throw new RequestFailedError('its issuer is not the configured one; set the option issuer to exactly what the document says');
    }
    return {
      jwksUri: secureUrl(document, 'jwks_uri'),
      introspectionEndpoint: secureUrl(document, 'introspection_endpoint'),
      tokenEndpoint: secureUrl(document, 'token_endpoint'),
      revocationFeedEndpoint: secureUrl(document, 'revocation_feed_endpoint'),
    };
  }

  async #fetch(): Promise<Record<string, unknown>> {
    for (const url of documentUrls(this.options.issuer)) {
      const { status, body } = await requestJson(url, this.options.requestTimeout);
      if (status === 404) continue;
      if (status !== 200) throw new RequestFailedError(`status ${status}`);
      if (typeof body !== 'object' || body === null) throw new RequestFailedError('the answer is no JSON object');
      return body as Record<string, unknown>;
    }
    throw new RequestFailedError('status 404');
  }
}

/** RFC 8414 §3.1 puts the well-known part before the issuer's path, OpenID Connect Discovery §4.1 after it. */
function documentUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [`${origin}${path}/.well-known/openid-configuration`, `${origin}/.well-known/oauth-authorization-server${path}`];
}

function secureUrl(document: Record<string, unknown>, name: string): string | undefined {
  const value = document[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !isSecureUrl(value)) throw new RequestFailedError(`its ${name} is no https URL`);
  return value;
}
