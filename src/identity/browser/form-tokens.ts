import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { constantTimeEqual } from '../../protocol/hashing.js';
import type { Handle } from '../../protocol/handle-string.js';

/**
 * Tokens that show a form to be ours, rendered for this browser and purpose (cross-site request forgery, RFC 9700 §4.7). Derived from the browser's
 * mark, so that nothing is stored and any number of tabs work side by side. What the form is about (a session, a request) belongs into the purpose.
 */
@Injectable()
export class FormTokens {
  issue(browser: Handle, purpose: readonly string[]): string {
    return this.derive(browser, purpose).toString('base64url');
  }

  verify(browser: Handle | undefined, purpose: readonly string[], presented: string | undefined): boolean {
    if (!browser || presented === undefined) return false;
    return constantTimeEqual(this.derive(browser, purpose), Buffer.from(presented, 'base64url'));
  }

  private derive(browser: Handle, purpose: readonly string[]): Buffer {
    return createHmac('sha256', browser.identifier)
      .update(JSON.stringify(['form', ...purpose]))
      .digest();
  }
}
