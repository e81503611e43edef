import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import type { FastifyReply } from 'fastify';

/** What no endpoint's own filter answers: an unknown path, mostly. Nest's own words would reflect the path and the query string. */
@Catch()
export class PlainErrorsFilter extends BaseExceptionFilter implements ExceptionFilter {
  constructor({ httpAdapter }: HttpAdapterHost) {
    super(httpAdapter);
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    if (!(error instanceof HttpException)) return super.catch(error, host);
    const status = error.getStatus();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (!reply.sent)
      void reply
        .status(status)
        .header('cache-control', 'no-store')
        .send({ error: status === 404 ? 'not_found' : 'invalid_request' });
  }
}
