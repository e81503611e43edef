import type { FeedTransport } from '../../validation.options.js';
import { TransportChoice } from './transport-choice.js';

const MINUTE = 60_000;

describe('How the feed is followed', () => {
  let now: number;
  let choice: TransportChoice;
  const start = (option: FeedTransport = 'auto') => {
    now = 0;
    choice = new TransportChoice(option, () => now);
  };
  beforeEach(() => start());

  /** A stream that brings nothing, and a poll that does. */
  const doubt = (fresh = true) => {
    expect(choice.next).toBe('stream');
    choice.streamEnded(false);
    expect(choice.next).toBe('poll');
    return choice.pollBrought(fresh);
  };

  it('is by stream', () => {
    choice.streamBrought();
    now = 10 * MINUTE;
    choice.streamEnded(false);
    expect(choice.next).toBe('stream');
  });

  it('is by polling for ten minutes, once two streams in a row brought nothing where polling did', () => {
    expect([doubt(), doubt()]).toEqual([false, true]);
    now = 10 * MINUTE - 1;
    expect(choice.next).toBe('poll');
    expect(choice.pollBrought(true)).toBe(false);
    now = 10 * MINUTE;
    expect(choice.next).toBe('stream');
  });

  it('is by polling again at once when the next stream brings nothing either', () => {
    doubt();
    doubt();
    now = 10 * MINUTE;
    expect(doubt()).toBe(true);
    expect(choice.next).toBe('poll');
  });

  it('is by stream again when the next one lives', () => {
    doubt();
    doubt();
    now = 10 * MINUTE;
    choice.streamBrought();
    now += 5_000;
    choice.streamBrought();
    choice.streamEnded(false);
    expect([choice.next, doubt()]).toEqual(['stream', false]);
  });

  it('is by polling as well where streams are cut off soon', () => {
    for (let i = 0; i < 2; i++) {
      choice.streamBrought();
      now += 4_000;
      choice.streamBrought();
      doubt();
    }
    expect(choice.next).toBe('poll');
  });

  it('stays by stream where polling fails too: then the way or the service is broken', () => {
    for (let i = 0; i < 5; i++) {
      choice.streamEnded(false);
      expect(choice.next).toBe('poll');
      choice.pollFailed();
      expect(choice.next).toBe('stream');
    }
    expect([doubt(), choice.next]).toEqual([false, 'stream']);
  });

  it('stays by stream where what polling brings is old too: then the service lags', () => {
    for (let i = 0; i < 5; i++) expect(doubt(false)).toBe(false);
    expect(choice.next).toBe('stream');
  });

  it('stays by stream where the service said why it gives none', () => {
    choice.streamEnded(true);
    expect(choice.next).toBe('stream');
  });

  it('goes on by polling when a poll fails in those ten minutes', () => {
    doubt();
    doubt();
    choice.pollFailed();
    expect(choice.next).toBe('poll');
  });

  it.each(['stream', 'poll'] as const)('is as the option says: %s', (option) => {
    start(option);
    for (let i = 0; i < 5; i++) {
      expect(choice.next).toBe(option);
      choice.streamEnded(false);
      choice.pollBrought(true);
    }
  });
});
