import { request as requestByHttp, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { BadGatewayException, GatewayTimeoutException } from '@nestjs/common';
import type { PassedOnBody } from './passed-on-body.js';

export interface PassedOnCall {
  readonly url: URL;
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: PassedOnBody | undefined;
  /** Milliseconds of silence. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];

/**
 * Calls an API by Node's own client, not by `fetch`, which would undo codings and follow redirects: what is passed on stays as it is.
 * @throws BadGatewayException: the API cannot be reached; GatewayTimeoutException: it takes too long; AbortError
 */
export async function passOn(call: PassedOnCall): Promise<IncomingMessage> {
  call.signal.throwIfAborted();
  const outgoing = begin(call);
  try {
    return await answered(outgoing, call);
  } catch (error) {
    call.signal.throwIfAborted();
    if (error instanceof GatewayTimeoutException) throw error;
    // RFC 9112 §9.3.1: the API may have closed a connection that was kept, just as it was used again.
    const repeats = outgoing.reusedSocket && IDEMPOTENT.includes(call.method) && !(call.body && 'stream' in call.body);
    if (!repeats) throw new BadGatewayException('The API cannot be reached.', { cause: error });
    return await answered(begin(call, false), call).catch((cause: unknown) => {
      call.signal.throwIfAborted();
      throw cause instanceof GatewayTimeoutException ? cause : new BadGatewayException('The API cannot be reached.', { cause });
    });
  }
}

function begin({ url, method, headers, body, timeout, signal }: PassedOnCall, agent?: false): ClientRequest {
  const request = url.protocol === 'https:' ? requestByHttps : requestByHttp;
  const given = { method, headers: { ...headers, ...body?.headers }, timeout, signal };
  return request(url, agent === undefined ? given : { ...given, agent });
}

function answered(outgoing: ClientRequest, { body }: PassedOnCall): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', (answer) => {
      outgoing.setTimeout(0); // from now on it may be an event stream
      resolve(answer);
    });
    outgoing.once('timeout', () => outgoing.destroy(new GatewayTimeoutException('The API took too long.')));
    outgoing.on('error', (error) => {
      if (body && 'stream' in body) {
        // The browser still sends: it is to read the answer, not to wait for somebody who takes the rest.
        body.stream.unpipe(outgoing);
        body.stream.resume();
      }
      reject(error);
    });
    if (body && 'stream' in body) body.stream.pipe(outgoing);
    else outgoing.end(body?.bytes);
  });
}
