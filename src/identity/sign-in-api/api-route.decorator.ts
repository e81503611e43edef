import { applyDecorators, Delete, Get, Header, HttpCode, Post, SetMetadata } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { RouteOptions } from 'fastify';

/** Metadata of routes that need stored tokens. */
export const NEEDS_STORAGE = 'countersign:needs-storage';

/** Marks a Fastify route as one of ours, for what is done before Nest sees the request. */
const API_ROUTE = 'countersignSignInApi';

const METHODS = { GET: Get, POST: Post, DELETE: Delete };

export interface ApiRouteOptions {
  /** Of the successful answer. */
  readonly status: 200 | 201 | 204;
  /** Whether the route answers 404 when token storage is off. */
  readonly needsStorage: boolean;
}

/** One route of the sign-in API: method and path, status, never cached. */
export const ApiRoute = (method: keyof typeof METHODS, path: string, { status, needsStorage }: ApiRouteOptions): MethodDecorator =>
  applyDecorators(
    METHODS[method](path),
    HttpCode(status),
    Header('Cache-Control', 'no-store'),
    RouteConfig({ [API_ROUTE]: { needsStorage } }),
    SetMetadata(NEEDS_STORAGE, needsStorage),
  );

/** What is known of a Fastify route that is one of ours; undefined for the host's own. */
export const apiRouteOf = ({ config }: RouteOptions): Pick<ApiRouteOptions, 'needsStorage'> | undefined =>
  (config as { [API_ROUTE]?: Pick<ApiRouteOptions, 'needsStorage'> } | undefined)?.[API_ROUTE];
