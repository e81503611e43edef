import { createParamDecorator, Injectable, type ExecutionContext, type PipeTransform } from '@nestjs/common';
import { Sessions } from '../sessions.js';
import type { WebSession } from '../web-session.js';
import { nodePair, type NodePair } from './node-pair.js';
import { SignInNeededError } from './sign-in-needed.error.js';

interface Wanted {
  readonly pair: NodePair;
  readonly optional: boolean;
}

@Injectable()
class SessionOfRequest implements PipeTransform<Wanted, Promise<WebSession | undefined>> {
  constructor(private readonly sessions: Sessions) {}

  async transform({ pair, optional }: Wanted): Promise<WebSession | undefined> {
    const session = await this.sessions.of(pair);
    if (!session && !optional) throw new SignInNeededError(false);
    return session;
  }
}

const wanted = createParamDecorator(
  ({ optional = false }: { readonly optional?: boolean } | undefined = {}, context: ExecutionContext): Wanted => ({
    pair: nodePair(context),
    optional,
  }),
);

/** The session of the request. `optional`: undefined for those who are not signed in, on routes without `@Authenticated()`. */
export const CurrentSession = (options: { readonly optional?: boolean } = {}): ParameterDecorator => wanted(options, SessionOfRequest);
