import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { toProblem } from './to-problem.js';

/** What the sign-in API writes of a Fastify reply. */
export interface ApiReply {
  status(code: number): ApiReply;
  headers(headers: Record<string, string>): ApiReply;
  send(body: string): ApiReply;
}

const logger = new Logger('SignInApi');

/** Answers every error of the sign-in API as problem details (RFC 9457). */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    sendProblem(error, host.switchToHttp().getResponse<ApiReply>());
  }
}

export function sendProblem(error: unknown, reply: ApiReply): void {
  const problem = toProblem(error);
  const body = problem.toJSON();
  if (problem.status >= 500) logger.error({ event: problem.code, instance: body['instance'] }, stackOf(problem.cause));
  reply
    .status(problem.status)
    .headers({ 'Cache-Control': 'no-store', 'Content-Type': 'application/problem+json', ...problem.headers })
    .send(JSON.stringify(body));
}

const stackOf = (cause: unknown): string => (cause instanceof Error ? (cause.stack ?? cause.message) : typeof cause);
