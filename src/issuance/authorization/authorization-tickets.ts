import { Inject, Injectable } from '@nestjs/common';
import { BrowserCookies } from '../../identity/browser/browser-cookies.js';
import type { BrowserRequest } from '../../identity/browser/browser-request.js';
import { Clock } from '../../protocol/clock.js';
import { handleHash, HandlePrefix, type Handle } from '../../protocol/handle-string.js';
import { constantTimeEqual } from '../../protocol/hashing.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { SealedTickets } from '../keys/sealed-tickets.js';
import type { AuthorizationRequest } from './authorization-request.js';
import type { AuthorizationTicket } from './authorization-ticket.js';

const KIND = 'authorization+jwe';
/** Characters of a JWE in compact form: a ticket is written into addresses as it came. */
const COMPACT = /^[\w.-]+$/;

/** Requests under way, sealed for the browser that carries them (ADR 8): no row is written before somebody has signed in and agreed. */
@Injectable()
export class AuthorizationTickets {
  constructor(
    private readonly sealed: SealedTickets,
    private readonly cookies: BrowserCookies,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** A request that comes now. No browser: a form of another site brought it, without cookies. */
  start(request: AuthorizationRequest, browser?: Handle, pushedRequest?: string): AuthorizationTicket {
    return {
      request,
      startedAt: this.clock.now().getTime(),
      ...(browser && { browser: markOf(browser).toString('base64url') }),
      ...(pushedRequest !== undefined && { pushedRequest }),
    };
  }

  seal(ticket: AuthorizationTicket): Promise<string> {
    const passed = (this.clock.now().getTime() - ticket.startedAt) / 1000;
    return this.sealed.seal(KIND, ticket, this.options.interactionLifetime - passed);
  }

  /** Undefined: no ticket of ours, its time is over, or it is of another browser. @throws StorageUnavailableError */
  async open(text: unknown, request: BrowserRequest): Promise<AuthorizationTicket | undefined> {
    const ticket = await this.read(text);
    const browser = this.cookies.knownBrowser(request);
    const own = ticket?.browser !== undefined && browser && constantTimeEqual(Buffer.from(ticket.browser, 'base64url'), markOf(browser));
    return own ? ticket : undefined;
  }

  /** The request of a ticket that is of no browser yet. @throws StorageUnavailableError */
  async openUnclaimed(text: unknown): Promise<AuthorizationRequest | undefined> {
    const ticket = await this.read(text);
    return ticket?.browser === undefined ? ticket?.request : undefined;
  }

  private async read(text: unknown): Promise<AuthorizationTicket | undefined> {
    return typeof text === 'string' && COMPACT.test(text)
      ? ((await this.sealed.open(KIND, text)) as AuthorizationTicket | undefined)
      : undefined;
  }
}

/** What others than the browser know of its mark. */
export const markOf = (browser: Handle): Buffer => handleHash(HandlePrefix.browser, browser);
