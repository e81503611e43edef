import { Injectable } from '@nestjs/common';
import type { Parameters } from '../../protocol/form.js';
import { BrowserSessions } from '../browser/browser-sessions.js';
import type { BrowserReply } from '../browser/browser-request.js';
import { AllContinuations } from './all-continuations.js';
import type { Continuation } from './continuations.js';
import { PageForms, type FormPurpose } from './page-forms.js';
import type { PageForm } from './page-models.js';
import { PageReplies } from './page-replies.js';
import { formOf, queryOf, type PageRequest } from './page-request.js';

/** Somebody who came to prove who they are, on the way to somewhere. */
export interface Visit {
  readonly way: Continuation;
  /** For the e-mail field. */
  readonly email?: string;
}

/** What the pages at the entrance have in common: they send on whoever need not stay, and answer nobody but their own forms. */
@Injectable()
export class Entrance {
  constructor(
    private readonly sessions: BrowserSessions,
    private readonly ways: AllContinuations,
    private readonly forms: PageForms,
    private readonly replies: PageReplies,
  ) {}

  /** Undefined: answered already. */
  async arrive(request: PageRequest, reply: BrowserReply): Promise<Visit | undefined> {
    const way = await this.ways.find(queryOf(request, 'continue'), request);
    if (!way) return this.expired(request, reply);
    const session = await this.sessions.current(request);
    if (session && way.satisfiedBy(session)) return this.goOn(reply, way);
    const email = way.loginHint ?? session?.account.email;
    return { way, ...(email !== undefined && { email }) };
  }

  /** Undefined: answered already. */
  async receive(
    request: PageRequest,
    reply: BrowserReply,
    purpose: FormPurpose,
  ): Promise<{ readonly form: Parameters; readonly way: Continuation } | undefined> {
    const form = formOf(request);
    const way = await this.ways.find(form.get('continue'), request);
    if (!way || !this.forms.isGenuine(request, purpose, form)) return this.expired(request, reply);
    return { form, way };
  }

  form(request: PageRequest, reply: BrowserReply, purpose: FormPurpose, way: Continuation): PageForm {
    return this.forms.make(request, reply, purpose, { continue: way.href });
  }

  /** The other page at the entrance, on the same way. */
  link(path: string, way: Continuation): string {
    return this.forms.href(path, { continue: way.href });
  }

  goOn(reply: BrowserReply, way: Continuation): undefined {
    this.replies.redirect(reply, way.href);
    return undefined;
  }

  private async expired(request: PageRequest, reply: BrowserReply): Promise<undefined> {
    await this.replies.send(request, reply, 'message', { code: 'expired' }, { status: 400 });
    return undefined;
  }
}
