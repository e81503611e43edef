import { Injectable } from '@nestjs/common';
import type { BrowserReply, BrowserRequest } from '../../identity/browser/browser-request.js';
import { BrowserSessions, type BrowserSession } from '../../identity/browser/browser-sessions.js';
import { PageReplies } from '../../identity/pages/page-replies.js';
import { withParameters } from '../../protocol/redirect-uri.js';
import { BackchannelLogout } from './backchannel-logout.js';
import type { SignOutRequest } from './sign-out-request.js';

/** How a person leaves: at once or after having been asked, and where to. */
@Injectable()
export class SigningOut {
  constructor(
    private readonly sessions: BrowserSessions,
    private readonly replies: PageReplies,
    private readonly backchannel: BackchannelLogout,
  ) {}

  /**
   * Signs out at once where the app has shown that it means this very session, and where nobody is signed in. Returns whom to ask otherwise: any page of
   * the web can send a browser here. RP-Initiated Logout 1.0 §2, §6
   *
   * @throws StorageUnavailableError
   */
  async atOnce(request: BrowserRequest, reply: BrowserReply, asked: SignOutRequest): Promise<BrowserSession | undefined> {
    const session = await this.sessions.current(request);
    const meant = session?.sid === asked.session?.sid && session?.subject === asked.session?.subject;
    if (session && !meant) return session;
    await this.leave(request, reply, asked);
    return undefined;
  }

  /** Ends the session of this browser, if there is one, and sends the person on. @throws StorageUnavailableError */
  async leave(request: BrowserRequest, reply: BrowserReply, { redirectUri, state, uiLocales }: SignOutRequest): Promise<void> {
    await this.sessions.signOut(request, reply);
    this.backchannel.kick();
    if (redirectUri === undefined) return this.replies.send(request, reply, 'message', { code: 'signed-out' }, { uiLocales });
    this.replies.redirect(reply, state === undefined ? redirectUri : withParameters(redirectUri, { state }));
  }
}
