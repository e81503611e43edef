import type { ServerResponse } from 'node:http';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { invalidRequest, OAuthError } from '../../protocol/oauth-error.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import { FeedStreams } from './feed-streams.js';
import { logUnavailable } from './log-unavailable.js';
import { RevocationHub } from './revocation-hub.js';

/** Seconds. */
const COME_AGAIN = 5;

/** Who is being answered: streams, polls that wait, snapshots under way. */
@Injectable()
export class Followers implements BeforeApplicationShutdown {
  private readonly byClient = new Map<string, number>();
  private closing = false;

  constructor(
    private readonly hub: RevocationHub,
    private readonly streams: FeedStreams,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /** Counts one until it is answered or hangs up; then the signal is aborted. @throws OAuthError too_many_requests, temporarily_unavailable */
  enter(client: string, response: ServerResponse): AbortSignal {
    const gone = new AbortController();
    const count = this.byClient.get(client) ?? 0;
    if (this.closing) throw logUnavailable();
    if (count >= this.options.revocationStreamsPerClient)
      throw new OAuthError({ code: 'too_many_requests', description: 'The client follows too often already.', retryAfter: COME_AGAIN });
    if (response.closed) return AbortSignal.abort();
    // Node keeps what is written behind an answer that has not ended, and does not tell if the line is closed before.
    if (!response.socket) throw invalidRequest('Wait for an answer before you send another request on its connection.');
    const leave = this.hub.enter();
    this.byClient.set(client, count + 1);
    response.once('close', () => {
      this.leave(client);
      leave();
      gone.abort();
    });
    return gone.signal;
  }

  /** How many there are. */
  get count(): number {
    return [...this.byClient.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Nobody is kept: a host that closes waits for whoever is still being answered. */
  close(): void {
    this.closing = true;
    this.streams.close();
    this.hub.close();
  }

  beforeApplicationShutdown(): void {
    this.close();
  }

  private leave(client: string): void {
    const left = (this.byClient.get(client) ?? 0) - 1;
    if (left > 0) this.byClient.set(client, left);
    else this.byClient.delete(client);
  }
}
