import type { ServerResponse } from 'node:http';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { finalize, map, Subject, takeUntil, type Observable } from 'rxjs';
import { admissionOf } from '../admission.js';
import { BearerFailures } from '../bearer-failures.js';
import { kindOf } from '../calls/kind-of.js';
import { Refusals } from '../calls/refusals.js';
import { requirementsOf } from '../decorators/route-requirements.js';
import { endable, isAsyncIterable } from './endable.js';
import { OpenTokens } from './open-tokens.js';

/** Milliseconds in which an answer that is told to end may write what it has. */
const LAST_WORDS = 250;

/** Ends what a handler answers bit by bit when the caller's token ends. `@EndsWithToken()` puts it on a handler. */
@Injectable()
export class TokenEndInterceptor implements NestInterceptor {
  constructor(
    private readonly tokens: OpenTokens,
    private readonly failures: BearerFailures,
    private readonly refusals: Refusals,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const carrier = kindOf(context).carrier(context);
    if (requirementsOf(context).isPublic) return next.handle();
    if (!admissionOf(carrier)) throw new Error(`@EndsWithToken() in ${context.getClass().name}: no BearerGuard guards this route.`);
    return context.getType() === 'http' ? this.endAnswer(context, carrier, next) : this.endMessages(context, carrier, next);
  }

  /** Whatever writes the answer: what it returns, or the handler itself. */
  private endAnswer(context: ExecutionContext, carrier: object, next: CallHandler): Observable<unknown> {
    const response = rawResponse(context);
    const ended = new Subject<void>();
    const forget = this.tokens.watch(carrier, () => {
      if (response.headersSent) ended.next();
      else void this.refuse(context).then((refusal) => ended.error(refusal));
      // As if the client had gone: every handler of a long answer must be ready for that.
      setTimeout(() => {
        if (!response.writableFinished) response.destroy();
      }, LAST_WORDS).unref();
    });
    if (response.destroyed) forget();
    else response.once('close', forget);
    return next.handle().pipe(takeUntil(ended));
  }

  /** A stream of messages fails; one of GraphQL is complete, since drivers do not expect anything else. */
  private endMessages(context: ExecutionContext, carrier: object, next: CallHandler): Observable<unknown> {
    const ended = new Subject<void>();
    let end: (() => void) | undefined;
    const forget = this.tokens.watch(carrier, () => {
      if (end) end();
      else void this.refuse(context).then((refusal) => ended.error(refusal));
    });
    return next.handle().pipe(
      takeUntil(ended),
      map((value) => {
        if (!isAsyncIterable(value)) return value;
        const stream = endable(value, forget);
        end = stream.end;
        return stream.values;
      }),
      finalize(() => {
        if (!end) forget();
      }),
    );
  }

  private refuse(context: ExecutionContext): Promise<Error> {
    return this.refusals.prepare(context, this.failures.invalidToken());
  }
}

/** Node's own: Fastify keeps it under `raw`, Express extends it. */
function rawResponse(context: ExecutionContext): ServerResponse {
  const response = context.switchToHttp().getResponse<ServerResponse & { readonly raw?: ServerResponse }>();
  return response.raw ?? response;
}
