import type { BearerException } from '../bearer-failures.js';
import type { HoldableClient } from './hold-messages.js';

/** A client of a gateway, of socket.io or `ws`, as far as it must be known to close it. */
export interface ClosableClient extends HoldableClient {
  readonly handshake?: unknown;
  once?(event: string, listener: () => void): unknown;
  emit?(event: string, content: unknown): unknown;
  disconnect?(close: boolean): unknown;
  removeAllListeners?(event: string): unknown;
  close?(code: number, reason: string): unknown;
  terminate?(): unknown;
}

/** Milliseconds a client has to answer the closing handshake. */
const PATIENCE = 500;
/** RFC 6455 §7.4.1 has no code for it but "policy violation", by which an app could not tell that it needs another token: of §7.4.2, 4000 and the status. */
const OWN_CODES = 4_000;
/** "Try again later", from the registry of RFC 6455 §11.7. */
const TRY_AGAIN = 1_013;

/** Says why, and hangs up. What the client sends meanwhile is not heard. */
export function closeClient(client: ClosableClient, refusal: BearerException): void {
  if (client.handshake !== undefined) {
    client.emit?.('exception', refusal.detail);
    client.disconnect?.(true);
    return;
  }
  const status = refusal.getStatus();
  client.removeAllListeners?.('message');
  client.close?.(status === 503 ? TRY_AGAIN : OWN_CODES + status, String(refusal.detail['error'] ?? 'unauthenticated'));
  const hangUp = setTimeout(() => client.terminate?.(), PATIENCE).unref();
  client.once?.('close', () => clearTimeout(hangUp));
}
