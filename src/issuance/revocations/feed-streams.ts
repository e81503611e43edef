import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import type { LogRow } from '../../storage/revocation-log.store.js';
import { FeedStream, type FeedEvent } from './feed-stream.js';
import { restOf } from './feed-text.js';
import type { Follower } from './follower.js';
import { FollowerAdmission } from './follower-admission.js';
import { RevocationHub, type HubListener, type Told } from './revocation-hub.js';

/** Milliseconds between two signs of life. */
const HEARTBEAT = 500;

/** All streams of this process: what one of them is told, all are. */
@Injectable()
export class FeedStreams implements HubListener {
  private readonly streams = new Set<FeedStream>();
  private heartbeat: NodeJS.Timeout | undefined;

  constructor(
    private readonly hub: RevocationHub,
    private readonly admission: FollowerAdmission,
    private readonly clock: Clock,
  ) {
    hub.listen(this);
  }

  /** From the moment in which `told` was true. @param accepted when the request came, on the monotonic clock */
  open(response: ServerResponse, follower: Follower, told: Told, accepted: number): void {
    const stream = new FeedStream(response, follower, accepted);
    this.streams.add(stream);
    response.once('close', () => this.forget(stream));
    this.heartbeat ??= setInterval(() => this.beat(), HEARTBEAT).unref();
    stream.send(eventOf(told));
    this.judge(stream);
  }

  added(rows: readonly LogRow[]): void {
    if (this.streams.size === 0) return;
    this.sendAll(rows);
    for (const stream of this.streams) this.judge(stream);
  }

  restarted(): void {
    for (const stream of this.streams) stream.reload();
  }

  /** Ends all of them. */
  close(): void {
    for (const stream of this.streams) stream.end();
  }

  private beat(): void {
    const [wallTime, now] = [this.clock.now(), performance.now()];
    for (const stream of this.streams) if (stream.follower.principal.expiresAt <= wallTime || stream.endsAt <= now) stream.end();
    this.sendAll([]);
  }

  private sendAll(rows: readonly LogRow[]): void {
    const { asOf, cursor } = this.hub;
    if (cursor === undefined) return;
    const event = eventOf({ rows, asOf, cursor });
    for (const stream of this.streams) stream.send(event);
  }

  /** Whoever was admitted by a token that has ended is told nothing more. */
  private judge(stream: FeedStream): void {
    if (stream.asking) return;
    const judgement = this.hub.judge(stream.follower);
    if (judgement === 'clear') return;
    if (judgement === 'revoked') stream.end();
    else void this.lookUp(stream);
  }

  private async lookUp(stream: FeedStream): Promise<void> {
    stream.asking = true;
    // If the database does not answer he comes again, and is looked at then.
    const live = await this.admission.isLive(stream.follower).catch(() => false);
    stream.asking = false;
    if (!live) stream.end();
    else if (this.streams.has(stream)) this.judge(stream);
  }

  private forget(stream: FeedStream): void {
    this.streams.delete(stream);
    if (this.streams.size > 0) return;
    clearInterval(this.heartbeat);
    this.heartbeat = undefined;
  }
}

const eventOf = ({ rows, asOf, cursor }: Told): FeedEvent => ({
  name: rows.length > 0 ? 'delta' : 'tick',
  asOf,
  rest: Buffer.from(`${restOf(rows)}\nid: ${cursor}\n\n`),
});
