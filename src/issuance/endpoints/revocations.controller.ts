import type { OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { Controller, Get, Req, Res, UseFilters } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FeedPolls } from '../revocations/feed-polls.js';
import { feedRequestOf } from '../revocations/feed-request.js';
import { FeedSnapshots } from '../revocations/feed-snapshots.js';
import { FeedStreams } from '../revocations/feed-streams.js';
import { restOf, startOf } from '../revocations/feed-text.js';
import { FollowerAdmission } from '../revocations/follower-admission.js';
import type { Follower } from '../revocations/follower.js';
import { Followers } from '../revocations/followers.js';
import { logUnavailable } from '../revocations/log-unavailable.js';
import { RevocationHub, type Told } from '../revocations/revocation-hub.js';
import { invalidToken, NO_TOKEN } from './bearer-errors.js';
import { PATHS } from './endpoint-table.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';

/** Milliseconds a snapshot may take on its way: it is held in memory until then. */
const LONGEST_WAY = 60_000;
const RELOAD = { error: 'invalid_request', error_description: 'The cursor cannot be continued: read the snapshot.', reload: 'snapshot' };

/** The revocation feed (docs/revocation-feed.md): everything in force, then what comes, in parts or as a stream of events. */
@Controller()
@UseFilters(OAuthErrorFilter)
export class RevocationsController {
  constructor(
    private readonly admission: FollowerAdmission,
    private readonly followers: Followers,
    private readonly hub: RevocationHub,
    private readonly snapshots: FeedSnapshots,
    private readonly polls: FeedPolls,
    private readonly streams: FeedStreams,
  ) {}

  @Get(PATHS.revocationSnapshot)
  async snapshot(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const accepted = performance.now();
    const follower = await this.admitted(request, reply);
    if (!follower) return;
    const gone = this.followers.enter(follower.principal.client, reply.raw);
    const first = await this.hub.warm(gone);
    if (first === undefined) return;
    const { cursor, asOf, rest } = await this.snapshots.take(first);
    const start = Buffer.from(`${startOf(asOf - accepted)},"cursor":"${cursor}"`);
    const late = setTimeout(() => reply.raw.destroy(), LONGEST_WAY).unref();
    reply.raw.once('close', () => clearTimeout(late));
    const headers = { 'content-type': 'application/json', 'content-length': start.length + rest.length };
    void reply.headers(headers).send(Readable.from([start, rest], { objectMode: false }));
  }

  @Get(PATHS.revocations)
  async follow(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const accepted = performance.now();
    const follower = await this.admitted(request, reply);
    if (!follower) return;
    const { form, cursor, wait } = feedRequestOf(request);
    const gone = this.followers.enter(follower.principal.client, reply.raw);
    if ((await this.hub.warm(gone)) === undefined) return;
    const standing = await this.hub.locate(cursor);
    if (form === 'part' && standing) await this.polls.wait(standing, { accepted, wait: wait * 1000, gone });
    if (gone.aborted) return;
    // No reading may come between this and what follows.
    const told = standing && this.hub.toldTo(standing);
    if (!this.hub.isFresh) throw logUnavailable();
    if (this.hub.judge(follower) === 'revoked') throw invalidToken('The access token was revoked.');
    if (!told) void reply.status(410).send(RELOAD);
    else if (form === 'stream') this.openStream(reply, follower, told, accepted);
    else void reply.type('application/json').send(this.partOf(told, accepted));
  }

  /** Undefined: no token was sent, and that has been answered. */
  private async admitted(request: FastifyRequest, reply: FastifyReply): Promise<Follower | undefined> {
    reply.header('cache-control', 'no-store');
    const follower = await this.admission.admit(request);
    if (!follower) void reply.status(NO_TOKEN.status).header('www-authenticate', NO_TOKEN.challenge).send(NO_TOKEN.body);
    return follower;
  }

  private openStream(reply: FastifyReply, follower: Follower, told: Told, accepted: number): void {
    reply.hijack();
    const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
    reply.raw.writeHead(200, { ...(reply.getHeaders() as OutgoingHttpHeaders), ...headers });
    this.streams.open(reply.raw, follower, told, accepted);
  }

  private partOf({ rows, asOf, cursor }: Told, accepted: number): string {
    return `${startOf(asOf - accepted)},"cursor":"${cursor}"${restOf(rows)}`;
  }
}
