import { Inject, UseInterceptors } from '@nestjs/common';
import type { ClosableClient } from '../open/close-client.js';
import { OpenSockets } from '../open/open-sockets.js';
import { TokenEndInterceptor } from '../open/token-end.interceptor.js';
import { ENDS_WITH_TOKEN } from './route-requirements.js';

const SOCKETS = Symbol('sockets');

interface Gateway {
  readonly [SOCKETS]: OpenSockets;
  handleConnection?(this: Gateway, client: ClosableClient, ...rest: unknown[]): unknown;
}

/**
 * What is open ends with the token that opened it: within two seconds after it was revoked or has expired.
 *
 * On a WebSocket gateway: a client must present a good token when it connects, with what the class asks, or it is closed at once; its messages and
 * `handleConnection` wait for that. Later it is closed with its token. `ws`: code 4401 (4403, 4400: the status it would have been), 1013 where the token
 * cannot be checked; socket.io: the event `exception`, then a disconnect. With `@Public()` on the class or on `handleConnection`, who brings no token may
 * stay. Messages need BearerGuard beside it.
 *
 * On a handler, with BearerGuard: `@Sse` and other long answers end, streams of messages fail, subscriptions of GraphQL are complete.
 */
export function EndsWithToken(): ClassDecorator & MethodDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (key !== undefined && descriptor) UseInterceptors(TokenEndInterceptor)(target, key, descriptor);
    else admitFirst(target as { readonly prototype: Gateway });
  };
}

function admitFirst(gateway: { readonly prototype: Gateway }): void {
  const { prototype } = gateway;
  const own = prototype.handleConnection;
  Reflect.defineMetadata(ENDS_WITH_TOKEN, true, gateway);
  Inject(OpenSockets)(prototype, SOCKETS);
  const handleConnection = async function (this: Gateway, client: ClosableClient, ...rest: unknown[]): Promise<unknown> {
    const admitted = await this[SOCKETS].admit(client, rest[0], this.constructor as never, own ?? handleConnection);
    return admitted ? own?.call(this, client, ...rest) : undefined;
  };
  Object.defineProperty(prototype, 'handleConnection', { value: handleConnection, writable: true, configurable: true });
}
