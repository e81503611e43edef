import type { ExecutionContext } from '@nestjs/common';
import { onlyOne, parseAuthorization, readBearerToken, type BearerToken } from '../bearer-token.js';
import { isRequest, type IncomingRequest } from '../incoming-request.js';
import type { CallKind } from './call-kind.js';

/** GraphQL contexts as the drivers of `@nestjs/graphql` make them. `req` is what their default `context` puts there. */
interface GraphqlContext extends Connection {
  /** The request; with graphql-ws its connection. */
  readonly req?: IncomingRequest | Connection;
  /** Mercurius: the upgrade request of a subscription, with what its connection was opened with among the headers. */
  readonly request?: unknown;
  readonly res?: unknown;
  readonly reply?: unknown;
}

/** graphql-ws */
interface Connection {
  readonly connectionParams?: Readonly<Record<string, unknown>>;
  readonly extra?: { readonly request?: unknown };
}

export const GRAPHQL_CALL: CallKind = {
  carrier: (context) => requestIn(contextOf(context)) ?? contextOf(context),
  token: (context) => {
    const graphql = contextOf(context);
    const request = requestIn(graphql);
    return onlyOne([request ? readBearerToken(request) : { kind: 'none' }, ...parametersIn(graphql)]);
  },
};

/** What the answer's headers can be set on; none for a subscription. */
export function responseIn(context: ExecutionContext): object | undefined {
  const { res, reply } = contextOf(context);
  return [res, reply].find((response) => hasMethod(response, 'setHeader') || hasMethod(response, 'header')) as object | undefined;
}

/** Resolvers of references and types have no arguments: root, context, info. */
function contextOf(context: ExecutionContext): GraphqlContext {
  const parts = context.getArgs<unknown[]>();
  const graphql = parts.length === 3 ? parts[1] : parts[2];
  if (typeof graphql !== 'object' || graphql === null) throw new Error(`${context.getClass().name}: the GraphQL context is no object.`);
  return graphql;
}

function requestIn(graphql: GraphqlContext): IncomingRequest | undefined {
  const connections = [graphql, graphql.req as Connection | undefined];
  return [graphql.req, graphql.request, ...connections.map((connection) => connection?.extra?.request)].find(isRequest);
}

function parametersIn(graphql: GraphqlContext): BearerToken[] {
  const all = [graphql.connectionParams, (graphql.req as Connection | undefined)?.connectionParams];
  const values = new Set(all.flatMap((parameters) => [parameters?.['authorization'], parameters?.['Authorization']]));
  return [...values].filter((value) => typeof value === 'string').map(parseAuthorization);
}

const hasMethod = (value: unknown, name: string): boolean =>
  typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[name] === 'function';
