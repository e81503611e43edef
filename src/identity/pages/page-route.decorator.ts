import { applyDecorators, Get, Post } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';

/** Marks a Fastify route whose form reaches the controller as raw bytes: see `parseForm`. */
export const RAW_FORM = 'countersignRawForm';

/** Marks a Fastify route as a page: what the host refuses early is answered as a page, too. */
export const PAGE_ROUTE = 'countersignPage';

const METHODS = { GET: Get, POST: Post };

/** One route of a page. */
export const PageRoute = (method: keyof typeof METHODS, path: string): MethodDecorator =>
  applyDecorators(METHODS[method](path), RouteConfig({ [PAGE_ROUTE]: true, [RAW_FORM]: true }));
