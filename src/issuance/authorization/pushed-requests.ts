import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import {
  formatHandle,
  handleHash,
  HandlePrefix,
  newHandle,
  openForHandle,
  parseHandle,
  sealForHandle,
} from '../../protocol/handle-string.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { PushedRequestStore } from '../../storage/pushed-request.store.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import type { AuthorizationRequest } from './authorization-request.js';

const URN = 'urn:ietf:params:oauth:request_uri:'; // RFC 9126 §2.2
const PREFIX = HandlePrefix.pushedRequest;

/** Authorization requests that clients have pushed (RFC 9126): sealed with what the request URI alone yields, used by one browser, spent by the code. */
@Injectable()
export class PushedRequests {
  constructor(
    private readonly store: PushedRequestStore,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Seconds a request waits for its first use. */
  get lifetime(): number {
    return this.options.pushedRequestLifetime;
  }

  /** The request URI. @throws StorageUnavailableError */
  async push(request: AuthorizationRequest): Promise<string> {
    const now = this.clock.now();
    const handle = newHandle(uuidv7(now));
    await this.store.insert({
      id: handle.id,
      client: request.client,
      hash: handleHash(PREFIX, handle),
      payload: sealForHandle(PREFIX, handle, request),
      createdAt: now,
      expiresAt: new Date(now.getTime() + this.lifetime * 1000),
    });
    return URN + formatHandle(PREFIX, handle);
  }

  /** Whether it is meant to be one of these; other request URIs are not supported. */
  isOurs(requestUri: string | undefined): requestUri is string {
    return this.options.endpoints.pushedAuthorization && requestUri?.startsWith(URN) === true;
  }

  /** Undefined: unknown, expired, spent, another client's, or in use by another browser. @throws StorageUnavailableError */
  async use(
    requestUri: string,
    client: string,
    browser: Buffer,
  ): Promise<{ readonly id: string; readonly request: AuthorizationRequest } | undefined> {
    const handle = parseHandle(PREFIX, requestUri.slice(URN.length));
    if (!handle) return undefined;
    const now = this.clock.now();
    const boundUntil = new Date(now.getTime() + this.options.interactionLifetime * 1000);
    const { id } = handle;
    const payload = await this.store.use({ id, hash: handleHash(PREFIX, handle), client }, browser, now, boundUntil);
    const request = payload && (openForHandle(PREFIX, handle, payload) as AuthorizationRequest | undefined);
    return request && { id, request };
  }
}
