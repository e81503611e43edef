import type { FastifyRequest } from 'fastify';
import { prefers } from '../../protocol/accept.js';
import { invalidRequest } from '../../protocol/oauth-error.js';
import { queryOf } from '../endpoints/form-request.js';
import { parseCursor } from './feed-cursor.js';

/** What a follower asks for who has read everything already. */
export interface FeedRequest {
  readonly form: 'stream' | 'part';
  readonly cursor: string;
  /** Seconds that a part may be waited for. */
  readonly wait: number;
}

const EVENTS = 'text/event-stream';
const LONGEST_WAIT = 20;

/** @throws OAuthError invalid_request */
export function feedRequestOf(request: FastifyRequest): FeedRequest {
  const parameters = queryOf(request);
  const form = prefers(request.headers.accept, EVENTS, 'application/json') ? 'stream' : 'part';
  const after = parameters.get('after');
  const cursor = form === 'stream' ? oneOf(after, lastEventId(request)) : after;
  if (cursor === undefined) throw invalidRequest('Read the snapshot first, and send the cursor it names as after or Last-Event-ID.');
  if (!parseCursor(cursor)) throw invalidRequest('The cursor is malformed or too long.');
  return { form, cursor, wait: waitOf(parameters.get('wait')) };
}

/** Several are joined by Node, and are then no cursor. */
function lastEventId({ headers }: FastifyRequest): string | undefined {
  const id = headers['last-event-id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

function oneOf(after: string | undefined, last: string | undefined): string | undefined {
  if (after !== undefined && last !== undefined && after !== last) throw invalidRequest('after and Last-Event-ID differ.');
  return last ?? after;
}

function waitOf(text = '0'): number {
  const wait = /^\d{1,2}(\.\d{1,20})?$/.test(text) ? Number(text) : NaN;
  if (!(wait <= LONGEST_WAIT)) throw invalidRequest(`wait must be a number of seconds from 0 to ${LONGEST_WAIT}.`);
  return wait;
}
