import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Followers } from '../../issuance/revocations/followers.js';
import { Readiness, type FeedFigures, type ReadinessCheck } from './readiness.js';

interface ReadyAnswer {
  readonly status: 'ready' | 'not ready';
  /** Names only: what is behind them is in the log and in the database's own. */
  readonly failing?: readonly ReadinessCheck[];
  readonly feed?: FeedFigures;
  /** Answers of the revocation feed that are under way. */
  readonly followers?: number;
}

/** For orchestrators and load balancers. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly followers: Followers,
  ) {}

  /** Whether the process answers. A restart would help if it does not; so nothing else is asked. */
  @Get('live')
  @Header('cache-control', 'no-store')
  live(): object {
    return { status: 'live' };
  }

  /** Whether requests should be sent here. */
  @Get('ready')
  @Header('cache-control', 'no-store')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadyAnswer> {
    const failing = await this.readiness.failing();
    const figures = this.readiness.feedFigures();
    const { count } = this.followers;
    const more = { ...(figures && { feed: figures }), ...(count > 0 && { followers: count }) };
    if (failing.length === 0) return { status: 'ready', ...more };
    void reply.status(HttpStatus.SERVICE_UNAVAILABLE).header('retry-after', '1');
    return { status: 'not ready', failing, ...more };
  }
}
