import type { LogRow } from '../../../storage/revocation-log.store.js';
import { rowsOf, type FeedPart } from '../feed-part.js';
import { FollowFailure } from './follow-failure.js';

/** A part of the feed as it came. */
export interface Received {
  readonly part: FeedPart;
  /** Where one stands after it. Undefined: where one stood before. */
  readonly cursor: string | undefined;
  /** Nothing that was committed before is missing, on the monotonic clock. */
  readonly asOf: number;
}

/** How far two clocks may drift apart: 200 ppm. */
const DRIFT = 0.0002;
/** Milliseconds by which what was received may seem to be from the future. */
const SLACK = 1_000;
/** It is sent back in a header or a URL, of which servers take 16 KB. */
const LONGEST_CURSOR = 12 * 1024;

/**
 * @param sent when the question was sent to which it belongs, on the monotonic clock
 * @throws FollowFailure
 */
export function receive(text: string, sent: number, id?: string): Received {
  const part = parse(text);
  const cursor = id ?? part.cursor;
  // Whatever was sent after `sent` was accepted after it: no clock but ours and the time that passed on theirs plays a part.
  const now = performance.now();
  const asOf = sent + part.up_ms - DRIFT * (now - sent);
  // The monotonic clock does not go on while a machine is suspended: what survives that on an open line would be taken for younger than it is.
  if (asOf > now + SLACK) throw new FollowFailure('what it tells is from the future, as after a suspension of this machine');
  return { part, cursor: cursor === undefined || cursor === '' ? undefined : usable(cursor), asOf };
}

/** @throws FollowFailure, and only as far as it is read */
export function* rowsOfReceived({ part }: Received): Generator<LogRow> {
  try {
    yield* rowsOf(part);
  } catch {
    throw wrongForm();
  }
}

function parse(text: string): FeedPart & { readonly cursor?: unknown } {
  let part: { readonly up_ms?: unknown } | null;
  try {
    part = JSON.parse(text) as typeof part;
  } catch {
    throw new FollowFailure('the answer is not JSON');
  }
  if (typeof part !== 'object' || !Number.isFinite(part?.up_ms)) throw wrongForm();
  return part as FeedPart;
}

function usable(cursor: unknown): string {
  if (typeof cursor !== 'string' || cursor.length > LONGEST_CURSOR || !/^[\x21-\x7E]+$/.test(cursor)) throw wrongForm();
  return cursor;
}

const wrongForm = (): FollowFailure => new FollowFailure('what it tells has the wrong form');
