import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { FollowFailure } from './follow-failure.js';

/** Characters of one event: thousands of marks, a quarter of a million ids. */
const LARGEST_EVENT = 4 << 20;

/**
 * The events of a body (text/event-stream), with those that came in one piece together. Comments come as a piece without events.
 * @throws FollowFailure, and what the body throws
 */
export async function* streamEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<readonly EventSourceMessage[]> {
  let events: EventSourceMessage[] = [];
  let overflow = false;
  const parser = createParser({
    maxBufferSize: LARGEST_EVENT,
    onEvent: (event) => void events.push(event),
    onError: ({ type }) => (overflow ||= type === 'max-buffer-size-exceeded'), // what else it reports is ignored, as the format demands
  });
  const decoder = new TextDecoder();
  for await (const piece of body) {
    parser.feed(decoder.decode(piece, { stream: true }));
    yield events;
    if (overflow) throw new FollowFailure('an event is too long');
    events = [];
  }
}
