import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { errorAnswer } from './error-answer.js';

/** Renders whatever an endpoint throws as an OAuth error. */
@Catch()
export class OAuthErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Issuance');

  catch(error: unknown, host: ArgumentsHost): void {
    const { status, headers, body, fault } = errorAnswer(error);
    if (fault) this.logger.error({ msg: fault.message, err: fault.cause });
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (!reply.sent) void reply.status(status).headers(headers).send(body);
  }
}
