import { Injectable, type ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { BearerException } from '../bearer-failures.js';
import { responseIn } from './graphql-call.js';
import { isGrpcMetadata } from './message-call.js';
import { nestException } from './nest-exceptions.js';

/** Apollo's name for it, and gRPC's number (https://grpc.io/docs/guides/status-codes/). */
const CODES: Readonly<Record<number, { readonly graphql: string; readonly grpc: number }>> = {
  400: { graphql: 'BAD_REQUEST', grpc: 3 },
  401: { graphql: 'UNAUTHENTICATED', grpc: 16 },
  403: { graphql: 'FORBIDDEN', grpc: 7 },
  503: { graphql: 'SERVICE_UNAVAILABLE', grpc: 14 },
};

/** Brings a refusal to the caller by the way the call came in. */
@Injectable()
export class Refusals {
  constructor(private readonly host: HttpAdapterHost) {}

  /** What to throw. */
  async prepare(context: ExecutionContext, refusal: BearerException): Promise<Error> {
    const type = context.getType<string>();
    if (type === 'http') {
      this.setHeaders(context.switchToHttp().getResponse(), refusal);
      return refusal;
    }
    if (type === 'graphql') {
      const response = responseIn(context);
      if (response) this.setHeaders(response, refusal);
      return Object.assign(refusal, { extensions: { code: CODES[refusal.getStatus()]?.graphql, ...refusal.detail } });
    }
    const isGrpc = type === 'rpc' && isGrpcMetadata(context.switchToRpc().getContext());
    const status = isGrpc && { code: CODES[refusal.getStatus()]?.grpc, message: refusal.message };
    return (await nestException(type, { ...refusal.detail, ...status })) ?? refusal;
  }

  private setHeaders(response: unknown, { headers }: BearerException): void {
    for (const [name, value] of Object.entries(headers)) this.host.httpAdapter.setHeader(response, name, value);
  }
}
