import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Readiness, type ReadinessCheck } from './readiness.js';

interface ReadyAnswer {
  readonly status: 'ready' | 'not ready';
  /** Names only: what is behind them is in the log and in the database's own. */
  readonly failing?: readonly ReadinessCheck[];
}

/** For orchestrators and load balancers. */
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

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
    if (failing.length === 0) return { status: 'ready' };
    void reply.status(HttpStatus.SERVICE_UNAVAILABLE).header('retry-after', '1');
    return { status: 'not ready', failing };
  }
}
