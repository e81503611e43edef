import { FEED_SCOPE } from '../../../protocol/scope.js';
import type { IssuerMetadata } from '../../issuer/issuer-metadata.js';
import type { ResolvedValidationOptions } from '../../validation.options.js';
import type { Answer, Connections, Patience } from './connections.js';
import type { FeedToken } from './feed-token.js';
import { FollowFailure } from './follow-failure.js';
import { readText } from './read-text.js';
import { receive, type Received } from './received.js';
import { retryAfter } from './retry-after.js';
import { streamEvents } from './stream-events.js';

/** Bytes: twelve million ids. */
const LARGEST_SNAPSHOT = 128 << 20;
const LARGEST_PART = 4 << 20;
/** Milliseconds. Ticks come twice a second. */
const SILENCE = 2_000;
/** Milliseconds for the whole of something small. A line may be slow. */
const SLOWEST = 5_000;
const SNAPSHOT_PATIENCE = { head: 5_000, piece: 5_000 };

const JSON_TYPE = 'application/json';
const STREAM_TYPE = 'text/event-stream';

/** The service's revocation feed, asked with the API's own client. */
export class FeedEndpoint {
  constructor(
    private readonly options: Pick<ResolvedValidationOptions, 'revocationFeedEndpoint'>,
    private readonly metadata: IssuerMetadata,
    private readonly token: FeedToken,
    private readonly connections: Connections,
  ) {}

  /** All that is in force. @throws FollowFailure, CheckUnavailableError */
  async snapshot(stopped: AbortSignal): Promise<Received & { readonly cursor: string }> {
    const url = await this.url();
    url.pathname += '/snapshot';
    return this.part(url, SNAPSHOT_PATIENCE, LARGEST_SNAPSHOT, stopped);
  }

  /** What came since, as soon as there is something, else after `wait` milliseconds. @throws FollowFailure, CheckUnavailableError */
  async since(cursor: string, wait: number, stopped: AbortSignal): Promise<Received & { readonly cursor: string }> {
    const url = await this.url();
    url.searchParams.set('after', cursor);
    url.searchParams.set('wait', String(wait / 1000));
    return this.part(url, { head: wait + SILENCE, body: SLOWEST }, LARGEST_PART, stopped);
  }

  /** The same as it comes, until the service ends that. @throws FollowFailure, CheckUnavailableError */
  async *stream(cursor: string, stopped: AbortSignal): AsyncGenerator<Received> {
    const patience = { head: SILENCE, piece: SILENCE };
    const answer = await this.ask(await this.url(), STREAM_TYPE, { 'last-event-id': cursor }, patience, stopped);
    let heard = performance.now();
    for await (const events of streamEvents(answer.body)) {
      if (events.length > 0) heard = performance.now();
      else if (performance.now() - heard > SLOWEST) throw new FollowFailure('the stream brings nothing of use');
      for (const { event, id, data } of events) {
        if (event === 'reload') throw new FollowFailure('the service begins anew', 'reload');
        if (event === 'delta' || event === 'tick') yield receive(data, answer.sent, id ?? '');
        this.token.renewInTime(stopped); // so that the next stream need not wait for one
      }
    }
  }

  private async part(url: URL, patience: Patience, largest: number, stopped: AbortSignal): Promise<Received & { readonly cursor: string }> {
    const answer = await this.ask(url, JSON_TYPE, {}, patience, stopped);
    const received = receive(await readText(answer, largest), answer.sent);
    const { cursor } = received;
    if (cursor === undefined) throw new FollowFailure('the answer names no cursor');
    return { ...received, cursor };
  }

  private async ask(
    url: URL,
    accept: string,
    more: Readonly<Record<string, string>>,
    patience: Patience,
    stopped: AbortSignal,
  ): Promise<Answer> {
    const authorization = `Bearer ${await this.token.get(stopped)}`;
    // RFC 9111 §5.2.1.5: nobody in between may answer by what is known there.
    const headers = { accept, authorization, 'cache-control': 'no-store', ...more };
    const answer = await this.connections.send({ url, headers }, patience, stopped);
    const fault = faultOf(answer, accept);
    if (fault) answer.discard();
    if (fault) throw fault;
    return answer;
  }

  private async url(): Promise<URL> {
    const endpoint = this.options.revocationFeedEndpoint ?? (await this.metadata.known()).revocationFeedEndpoint;
    if (endpoint === undefined) {
      const advice = 'switch the feed on at the service, or set the option revocationFeedEndpoint';
      throw new FollowFailure(`the discovery document names no revocation_feed_endpoint; ${advice}`, 'change');
    }
    return new URL(endpoint);
  }
}

function faultOf({ status, headers }: Answer, wanted: string): FollowFailure | undefined {
  const said = `status ${status}`;
  switch (status) {
    case 200:
      if ((headers['content-encoding'] ?? 'identity') !== 'identity')
        return new FollowFailure('the answer is compressed, which was not asked for');
      if (Number(headers.age ?? 0) > 0) return new FollowFailure('the answer comes from a cache; let nobody in between keep it', 'change');
      if (headers['content-type']?.split(';')[0]?.trim().toLowerCase() === wanted) return undefined;
      return new FollowFailure(`the answer is no ${wanted}`);
    case 400:
    case 410:
      return new FollowFailure(said, 'reload');
    case 401:
      return new FollowFailure(`${said}: the service does not take the token it has issued`, 'token');
    case 403:
      return new FollowFailure(`${said}; permit the client the scope ${FEED_SCOPE}`, 'change');
    case 404:
      return new FollowFailure(`${said}; switch the feed on at the service, or correct the option revocationFeedEndpoint`, 'change');
  }
  if (status >= 300 && status < 400) {
    const advice = 'set the option revocationFeedEndpoint to where the feed is';
    return new FollowFailure(`${said}, and redirects are not followed; ${advice}`, 'change');
  }
  return new FollowFailure(said, 'again', retryAfter(headers));
}
