import { AsyncLocalStorage } from 'node:async_hooks';

/** The request that the running code works for. */
export interface RequestContext {
  readonly requestId: string;
}

/** Lets every log line of a request carry its id. */
export const requestContext = new AsyncLocalStorage<RequestContext>();
