import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { catchError, concatMap, type Observable } from 'rxjs';
import { Sessions } from '../sessions.js';
import { SessionRecords } from '../state/session-records.js';
import { nodePair, type NodePair } from './node-pair.js';

/**
 * Before an answer brings a cookie: whether the session has gone on, or ended, in another process while the handler was at work. A handler that answers by
 * the framework's own reply is done before anybody could look; what this process knows counts there.
 */
@Injectable()
export class LateAnswerInterceptor implements NestInterceptor {
  constructor(
    private readonly sessions: Sessions,
    private readonly records: SessionRecords,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType() !== 'http') return next.handle();
    const pair = nodePair(context);
    return next.handle().pipe(
      concatMap(async (value: unknown, index) => {
        if (index === 0) await this.look(pair); // of a stream, the first one comes with the head
        return value;
      }),
      catchError(async (error: unknown) => {
        await this.look(pair);
        throw error;
      }),
    );
  }

  private async look({ request, response }: NodePair): Promise<void> {
    const session = await this.sessions.known(request);
    if (session?.cookie !== 'set' || response.headersSent) return;
    try {
      const newest = await this.records.upToDate(session.current);
      if (newest) session.replace(newest);
      else session.cookie = 'keep'; // the browser may have another one's already
    } catch {
      // Nobody knows. The cookie of a session that has ended opens nothing.
    }
  }
}
