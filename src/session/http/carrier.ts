import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { NodePair } from './node-pair.js';

/** The browser has gone away: nobody is there for an answer. */
export class BrowserGoneError extends Error {
  constructor() {
    super('The browser has gone away.');
    this.name = 'BrowserGoneError';
  }
}

/** What a session's cookie came with: a request with its answer, or a socket. */
export interface Carrier {
  readonly request: IncomingMessage;
  /** Aborts, with a BrowserGoneError, when the browser goes before it has been answered. */
  readonly gone: AbortSignal;
  /** False: the answer's head is on its way, or there is none. */
  canSetCookies(): boolean;
  /** Whether it stays open by itself, once it is there. */
  isOpen(): boolean;
  onClose(listener: () => void): void;
  /** What was written is still sent. */
  close(): void;
}

export function carrierOf({ request, response }: NodePair): Carrier {
  const controller = new AbortController();
  whenClosed(response, () => {
    if (!response.writableFinished) controller.abort(new BrowserGoneError());
  });
  return {
    request,
    gone: controller.signal,
    canSetCookies: () => !response.headersSent,
    isOpen: () => response.headersSent && !response.writableEnded,
    onClose: (listener) => whenClosed(response, listener),
    close: () => request.socket.destroySoon(),
  };
}

/** A request that asks for another protocol; Node hands over its socket. */
export function carrierOfUpgrade(request: IncomingMessage): Carrier {
  const socket: Socket = request.socket;
  const controller = new AbortController();
  whenClosed(socket, () => controller.abort(new BrowserGoneError()));
  return {
    request,
    gone: controller.signal,
    canSetCookies: () => false,
    isOpen: () => !socket.destroyed,
    onClose: (listener) => whenClosed(socket, listener),
    close: () => socket.destroySoon(),
  };
}

/** It may have been, while somebody was asked about the session. */
function whenClosed(stream: ServerResponse | Socket, listener: () => void): void {
  if (stream.closed) listener();
  else stream.once('close', listener);
}
