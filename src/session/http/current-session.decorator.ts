import { createParamDecorator, Inject, Injectable, type ExecutionContext, type PipeTransform } from '@nestjs/common';
import { SESSION_OPTIONS, type ResolvedSessionOptions } from '../session.options.js';
import { Sessions } from '../sessions.js';
import type { WebSession } from '../web-session.js';
import { nodePair, type NodePair } from './node-pair.js';
import { wasGuarded } from './guarded-requests.js';
import { isSafe, mayBeForged } from './navigation.js';

interface Wanted {
  readonly pair: NodePair;
  readonly optional: boolean;
  /** Of whoever wrote it, for the error. */
  readonly place: string;
}

@Injectable()
class SessionOfRequest implements PipeTransform<Wanted, Promise<WebSession | undefined>> {
  constructor(
    private readonly sessions: Sessions,
    @Inject(SESSION_OPTIONS) private readonly options: ResolvedSessionOptions,
  ) {}

  async transform({ pair, optional, place }: Wanted): Promise<WebSession | undefined> {
    if (wasGuarded(pair.request)) return this.sessions.of(pair);
    if (!optional) throw new Error(`@CurrentSession() in ${place}: put @Authenticated() on the route, or say { optional: true }.`);
    // Nobody has looked where it comes from: what may change something is nobody's, unless a page of the app sent it.
    const isForeign = !isSafe(pair.request) && mayBeForged(pair.request, 'origin', this.options.baseUrl);
    return isForeign ? undefined : this.sessions.of(pair);
  }
}

const wanted = createParamDecorator(
  ({ optional = false }: { readonly optional?: boolean } | undefined = {}, context: ExecutionContext): Wanted => ({
    pair: nodePair(context),
    optional,
    place: `${context.getClass().name}.${context.getHandler().name}`,
  }),
);

/**
 * The session of the request. `optional`, for routes without `@Authenticated()`: undefined for those who are not signed in, and for requests that may
 * change something and do not come from the app's own pages. Without it, a route that has no guard is an error (500).
 */
export const CurrentSession = (options: { readonly optional?: boolean } = {}): ParameterDecorator => wanted(options, SessionOfRequest);
