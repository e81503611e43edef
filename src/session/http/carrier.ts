import type { IncomingMessage } from 'node:http';
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
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new BrowserGoneError());
  });
  return {
    request,
    gone: controller.signal,
    canSetCookies: () => !response.headersSent,
    isOpen: () => response.headersSent && !response.writableEnded,
    onClose: (listener) => void response.once('close', listener),
    close: () => request.socket.destroySoon(),
  };
}

/** A request that asks for another protocol; Node hands over its socket. */
export function carrierOfUpgrade(request: IncomingMessage): Carrier {
  const socket: Socket = request.socket;
  const controller = new AbortController();
  socket.once('close', () => controller.abort(new BrowserGoneError()));
  return {
    request,
    gone: controller.signal,
    canSetCookies: () => false,
    isOpen: () => !socket.destroyed,
    onClose: (listener) => void socket.once('close', listener),
    close: () => socket.destroySoon(),
  };
}
