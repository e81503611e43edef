import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { FollowFailure } from './follow-failure.js';
import { Silence } from './silence.js';

/** Milliseconds until there is a connection. */
const CONNECT = 2_000;

export interface Question {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent by POST as a form. Without it: GET. */
  readonly form?: URLSearchParams;
}

/** How long the other side may let us wait, in milliseconds. */
export interface Patience {
  /** From the connection to the head of its answer. */
  readonly head: number;
  /** Between two pieces of the body. */
  readonly piece?: number;
  /** For all of the body, instead. */
  readonly body?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** When the question was sent, on the monotonic clock. */
  readonly sent: number;
  /** To be read to its end, or left: then the connection goes. @throws FollowFailure */
  readonly body: AsyncIterable<Buffer>;
  /** Nobody wants the body. */
  discard(): void;
}

/**
 * HTTP for something that must notice by itself that a network swallows everything: each connection, head and silence has its limit, and what is given up
 * is closed at once, while it is being connected as well. Follows no redirects.
 */
export class Connections {
  private agents = newAgents();

  /** @throws FollowFailure */
  send(question: Question, patience: Patience, stopped: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (stopped.aborted) throw new FollowFailure('stopped');
      const sent = performance.now();
      const request = this.request(question);
      let exchange: ClientRequest | IncomingMessage = request;
      const silence = new Silence(() => exchange.destroy(new FollowFailure('no answer in time')));
      const stop = (): void => void exchange.destroy(new FollowFailure('stopped'));
      silence.expect(CONNECT);
      stopped.addEventListener('abort', stop);
      request.once('socket', (socket) => {
        if (!socket.connecting) silence.expect(patience.head);
        else socket.once(question.url.protocol === 'https:' ? 'secureConnect' : 'connect', () => silence.expect(patience.head));
      });
      request.once('response', (response) => {
        exchange = response;
        silence.expect(patience.piece ?? patience.body ?? patience.head);
        const heard = (): void => void (patience.piece !== undefined && silence.heard());
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, sent, body: piecesOf(response, heard), discard: () => void response.destroy() });
      });
      request.on('error', (error) => reject(failureOf(error)));
      request.once('close', () => {
        silence.end();
        stopped.removeEventListener('abort', stop);
      });
      request.end(question.form?.toString());
    });
  }

  /** Closes what is open. One that a network has swallowed would only be found out by being used again. */
  forget(): void {
    for (const agent of Object.values(this.agents)) agent.destroy();
    this.agents = newAgents();
  }

  private request({ url, headers, form }: Question): ClientRequest {
    const method = form ? 'POST' : 'GET';
    return url.protocol === 'https:'
      ? httpsRequest(url, { method, headers, agent: this.agents.https })
      : httpRequest(url, { method, headers, agent: this.agents.http });
  }
}

const newAgents = (): { readonly http: HttpAgent; readonly https: HttpsAgent } => ({
  http: new HttpAgent({ keepAlive: true }),
  https: new HttpsAgent({ keepAlive: true }),
});

async function* piecesOf(response: IncomingMessage, heard: () => void): AsyncGenerator<Buffer> {
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      heard();
      yield piece;
    }
  } catch (error) {
    throw failureOf(error);
  }
}

/** Errors of the system are told by their codes: their messages name addresses. */
function failureOf(error: unknown): FollowFailure {
  if (error instanceof FollowFailure) return error;
  const { code } = error as { code?: unknown };
  return new FollowFailure(typeof code === 'string' ? `the request failed (${code})` : 'the request failed');
}
