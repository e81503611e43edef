import { Injectable } from '@nestjs/common';
import { parseCookie, stringifySetCookie } from 'cookie';
import { formatHandle, HandlePrefix, newHandle, parseHandle, type Handle } from '../../protocol/handle-string.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { Clock } from '../../protocol/clock.js';
import { IssuerAddress } from '../issuer-address.js';
import type { BrowserReply, BrowserRequest } from './browser-request.js';

/**
 * Two cookies. One knows a browser again, from its first page on: forms and requests are bound to it. The other is the sign-in session. Both hold
 * 256 random bits of which the database knows the hash at most; neither can be read by scripts or is sent along by other sites' forms.
 */
@Injectable()
export class BrowserCookies {
  private readonly names: { readonly browser: string; readonly session: string };

  constructor(
    private readonly address: IssuerAddress,
    private readonly clock: Clock,
  ) {
    // RFC 6265bis §4.1.3.2: no other host, no path, no plain http can plant a cookie of this name. Loopback without TLS cannot have it.
    const prefix = address.secure ? '__Host-' : '';
    this.names = { browser: `${prefix}countersign-browser`, session: `${prefix}countersign-session` };
  }

  /** The browser's mark; a new one is set when the request has none. */
  browser(request: BrowserRequest, reply: BrowserReply): Handle {
    const known = this.knownBrowser(request);
    if (known) return known;
    const handle = newHandle(uuidv7(this.clock.now()));
    this.write(reply, this.names.browser, formatHandle(HandlePrefix.browser, handle));
    return handle;
  }

  knownBrowser(request: BrowserRequest): Handle | undefined {
    return this.read(request, this.names.browser, HandlePrefix.browser);
  }

  session(request: BrowserRequest): Handle | undefined {
    return this.read(request, this.names.session, HandlePrefix.session);
  }

  setSession(reply: BrowserReply, handle: Handle, expiresAt: Date): void {
    const maxAge = Math.max(0, Math.floor((expiresAt.getTime() - this.clock.now().getTime()) / 1000));
    this.write(reply, this.names.session, formatHandle(HandlePrefix.session, handle), maxAge);
  }

  clearSession(reply: BrowserReply): void {
    this.write(reply, this.names.session, '', 0);
  }

  private read({ headers }: BrowserRequest, name: string, prefix: HandlePrefix): Handle | undefined {
    return parseHandle(prefix, parseCookie(headers.cookie ?? '')[name] ?? '');
  }

  private write(reply: BrowserReply, name: string, value: string, maxAge?: number): void {
    // Lax: a link from an app must find the person signed in; no form or script of another site does.
    const cookie = stringifySetCookie(name, value, {
      httpOnly: true,
      secure: this.address.secure,
      sameSite: 'lax',
      path: '/',
      ...(maxAge !== undefined && { maxAge }),
    });
    reply.header('set-cookie', cookie); // Fastify collects these
  }
}
