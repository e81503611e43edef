import { FeedFreshness } from './feed-freshness.js';

describe('Freshness of the feed', () => {
  let now = 1_000;
  const make = (maxStale = 5_000) => new FeedFreshness(maxStale, () => now);
  beforeEach(() => (now = 1_000));

  it('is cold until it hears of everything', () => {
    const feed = make();
    now += 7_000;
    expect([feed.state, feed.age, feed.decides, feed.blindFor]).toEqual(['cold', undefined, false, 7_000]);
    feed.completed(now); // of what?
    expect(feed.state).toBe('cold');
    feed.replaced(now);
    expect([feed.state, feed.age, feed.decides, feed.blindFor]).toEqual(['fresh', 0, true, 0]);
  });

  it('is fresh for two seconds, stale for three, blind from then on; and fresh again whenever it hears', () => {
    const feed = make();
    const states: [number, string, boolean][] = [];
    for (let round = 0; round < 2; round++) {
      if (round === 0) feed.replaced(now);
      else feed.completed(now);
      const heard = now;
      for (const age of [0, 2_000, 2_001, 5_000, 5_001, 3_600_000]) {
        now = heard + age;
        states.push([age, feed.state, feed.decides]);
      }
      expect(feed.blindFor).toBe(3_595_000);
    }
    const once = [
      [0, 'fresh', true],
      [2_000, 'fresh', true],
      [2_001, 'stale', true],
      [5_000, 'stale', true],
      [5_001, 'blind', false],
      [3_600_000, 'blind', false],
    ];
    expect(states).toEqual([...once, ...once]);
  });

  it('goes from stale back to fresh', () => {
    const feed = make();
    feed.replaced(now);
    now += 3_000;
    expect(feed.state).toBe('stale');
    feed.completed(now - 100);
    expect([feed.state, feed.age]).toEqual(['fresh', 100]);
  });

  it('is as old as what it holds is, not as the moment in which that came', () => {
    const feed = make();
    now += 10_000;
    feed.replaced(now - 5_500);
    expect([feed.state, feed.age, feed.blindFor]).toEqual(['blind', 5_500, 500]);
    feed.completed(now - 3_000);
    expect(feed.state).toBe('stale');
  });

  it('grows no older by what comes late, but by being replaced with something older', () => {
    const feed = make();
    now += 10_000;
    feed.replaced(now);
    feed.completed(now - 4_000);
    expect(feed.age).toBe(0);
    feed.replaced(now - 4_000);
    expect(feed.age).toBe(4_000);
  });

  it('is never of the future', () => {
    const feed = make();
    feed.replaced(now + 60_000);
    feed.completed(now + 60_000);
    now += 5_001;
    expect(feed.state).toBe('blind');
  });

  it('skips what lies beyond a bound below two seconds', () => {
    const feed = make(1_000);
    feed.replaced(now);
    now += 1_001;
    expect(feed.state).toBe('blind');
  });
});
