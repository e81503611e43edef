import { Injectable } from '@nestjs/common';
import { BrowserCookies } from '../browser/browser-cookies.js';
import type { BrowserReply, BrowserRequest } from '../browser/browser-request.js';
import { FormTokens } from '../browser/form-tokens.js';
import { isSameOrigin } from '../browser/same-origin.js';
import { IssuerAddress } from '../issuer-address.js';
import type { PageForm } from './page-models.js';

const TOKEN = 'csrf';

/** Where a form of ours goes, and what it is about: the page, and whatever of a person or request it must not be used for another of. */
export interface FormPurpose {
  readonly path: string;
  readonly about?: readonly string[];
}

/** Forms of our pages, which no other page can send (RFC 9700 §4.7). */
@Injectable()
export class PageForms {
  constructor(
    private readonly cookies: BrowserCookies,
    private readonly tokens: FormTokens,
    private readonly address: IssuerAddress,
  ) {}

  /** For this browser, which gets its mark if it has none. */
  make(request: BrowserRequest, reply: BrowserReply, purpose: FormPurpose, fields: Readonly<Record<string, string>> = {}): PageForm {
    const token = this.tokens.issue(this.cookies.browser(request, reply), wordsOf(purpose));
    return { action: this.href(purpose.path), fields: { [TOKEN]: token, ...fields } };
  }

  /** Whether the browser was given this form by us, and sent it from a page of ours. */
  isGenuine(request: BrowserRequest, purpose: FormPurpose, form: { get(name: string): string | undefined }): boolean {
    const known = this.cookies.knownBrowser(request);
    return isSameOrigin(request, this.address.origin) && this.tokens.verify(known, wordsOf(purpose), form.get(TOKEN));
  }

  /** The address of one of our own paths. */
  href(path: string, query: Readonly<Record<string, string>> = {}): string {
    return this.address.href(path, query);
  }
}

const wordsOf = ({ path, about = [] }: FormPurpose): string[] => [path, ...about];
