import { bareToken, onlyOne, readBearerToken, type BearerToken } from '../bearer-token.js';
import { isRequest, type IncomingRequest } from '../incoming-request.js';
import type { CallKind } from './call-kind.js';

const UPGRADE = Symbol('upgrade');

/** A client of a gateway, as far as it must be known: of socket.io (`handshake`), or one that keeps nothing of the request it came by (`ws`). */
interface SocketClient {
  readonly handshake?: { readonly auth?: { readonly token?: unknown }; readonly headers?: IncomingRequest['headers'] };
  readonly request?: unknown;
  [UPGRADE]?: BearerToken;
}

/**
 * Keeps what the upgrade request of a `ws` client says of its token, since the client itself does not. For gateways without `@EndsWithToken()`, which
 * does it: `handleConnection(client, request) { rememberUpgrade(client, request); }`. socket.io needs neither.
 */
export function rememberUpgrade(client: object, request: IncomingRequest): void {
  (client as SocketClient)[UPGRADE] = readBearerToken(request);
}

/** Whether nothing at all is known of how the client came. */
export const isUpgradeUnknown = ({ handshake, [UPGRADE]: upgrade }: SocketClient): boolean => !handshake && !upgrade;

/** From the handshake; never from its query string, which ends up in logs. */
function tokenOf({ handshake, request, [UPGRADE]: upgrade }: SocketClient): BearerToken {
  if (!handshake) return upgrade ?? { kind: 'none' };
  const upgradeRequest = isRequest(request) ? request : { headers: handshake.headers ?? {} };
  return onlyOne([bareToken(handshake.auth?.token), readBearerToken(upgradeRequest)]);
}

export const SOCKET_CALL: CallKind = {
  carrier: (context) => context.switchToWs().getClient<object>(),
  token: (context) => tokenOf(context.switchToWs().getClient<SocketClient>()),
};
