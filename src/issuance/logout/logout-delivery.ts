import { Injectable } from '@nestjs/common';
import { isSecureUrl } from '../../protocol/secure-url.js';
import type { LogoutNotice } from '../../storage/logout-notice.store.js';
import { ClientDirectory } from '../clients/client-directory.js';
import { LogoutTokens } from './logout-tokens.js';

const TIMEOUT_MS = 5_000;

/** `ailing`: the app's server seems to be in trouble, so that its other notices had better wait, too. */
export type Delivery = { readonly done: true } | { readonly done: false; readonly reason: string; readonly ailing: boolean };

/** Posts logout tokens to apps (OpenID Connect Back-Channel Logout 1.0 §2.5). */
@Injectable()
export class LogoutDelivery {
  constructor(
    private readonly tokens: LogoutTokens,
    private readonly clients: ClientDirectory,
  ) {}

  /** Does not throw for whatever the app's server does. @throws StorageUnavailableError */
  async attempt(notice: LogoutNotice): Promise<Delivery> {
    if (!isSecureUrl(notice.uri)) return { done: false, reason: 'its URI is neither https nor loopback', ailing: true };
    const client = await this.clients.find(notice.client);
    if (!client) return { done: false, reason: 'it is gone', ailing: false };
    const body = new URLSearchParams({ logout_token: await this.tokens.write(client, notice) });
    try {
      // A redirect is not followed: the token is for the URI that was registered. What the answer says beside its status is of no interest (§2.8).
      const response = await fetch(notice.uri, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: body.toString(),
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.body?.cancel();
      const { ok, status } = response;
      return ok ? { done: true } : { done: false, reason: `status ${status}`, ailing: status >= 500 || status === 429 };
    } catch (error) {
      return { done: false, reason: reasonOf(error), ailing: true };
    }
  }
}

/** Errors of fetch are told by their names: they may come from another realm, where `instanceof` fails. Their messages may quote what was sent. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: unknown; cause?: { code?: unknown } };
  if (name === 'TimeoutError') return 'no answer in time';
  return typeof cause?.code === 'string' ? cause.code : 'no answer';
}
