import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasPages, IDENTITY_OPTIONS, type IdentityOptions } from '../identity/identity.options.js';
import { PageErrors } from '../identity/pages/page-errors.js';
import { prefers } from '../protocol/accept.js';

/** What no endpoint's own filter answers: an unknown path, mostly. Nest's own words would reflect the path and the query string. */
@Catch()
export class PlainErrorsFilter extends BaseExceptionFilter implements ExceptionFilter {
  constructor(
    { httpAdapter }: HttpAdapterHost,
    private readonly pages: PageErrors,
    @Inject(IDENTITY_OPTIONS) private readonly options: IdentityOptions,
  ) {
    super(httpAdapter);
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    if (!(error instanceof HttpException)) return super.catch(error, host);
    const status = error.getStatus();
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent) return;
    const request = http.getRequest<FastifyRequest>();
    // A person who mistyped an address, such as that of a device's page, reads no JSON.
    if (status === 404 && hasPages(this.options) && prefers(request.headers.accept, 'text/html', 'application/json')) {
      return void this.pages.answer(error, request, reply);
    }
    void reply
      .status(status)
      .header('cache-control', 'no-store')
      .send({ error: status === 404 ? 'not_found' : 'invalid_request' });
  }
}
