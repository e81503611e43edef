import { Clock } from '../../protocol/clock.js';
import { Remembered } from './remembered.js';

class StandingClock extends Clock {
  time = 1_000_000;
  override now = (): Date => new Date(this.time);
}

/** Answers come when the test says. */
function source() {
  const clock = new StandingClock();
  const begun: ((value: string) => void)[] = [];
  const remembered = new Remembered(() => new Promise<string>((resolve) => begun.push(resolve)), clock);
  const keep = async (value: string): Promise<void> => {
    const reading = remembered.get();
    begun.at(-1)?.(value);
    await reading;
  };
  return { clock, begun, remembered, keep };
}

describe('What is remembered', () => {
  it('is read once, until it is forgotten', async () => {
    const { begun, remembered, keep } = source();
    await keep('one');
    expect([await remembered.get(), remembered.value, begun.length]).toEqual(['one', 'one', 1]);
    remembered.forget();
    expect(remembered.value).toBeUndefined();
    await keep('two');
    expect([remembered.value, begun.length]).toEqual(['two', 2]);
  });

  // A copy that was read before a change and put away after it would be believed for a minute.
  it('is not what a reading brings that began before it was forgotten', async () => {
    const { begun, remembered, keep } = source();
    const early = remembered.get();
    remembered.forget();
    begun[0]?.('old');
    expect(await early).toBe('old');
    expect(remembered.value).toBeUndefined();
    await keep('new');
    expect(remembered.value).toBe('new');
  });

  it('is not what others get who ask past it while a reading is under way', async () => {
    const { begun, remembered } = source();
    const [early, late] = [remembered.read(), remembered.read()];
    begun[0]?.('old');
    await early;
    await new Promise((resolve) => setImmediate(resolve));
    begun[1]?.('new');
    expect([await late, remembered.value]).toEqual(['new', 'new']);
  });

  it.each([60_000, -60_000])('is not believed any more when the clock has moved by %d ms', async (moved) => {
    const { clock, remembered, keep } = source();
    await keep('one');
    clock.time += moved - Math.sign(moved);
    expect(remembered.value).toBe('one');
    clock.time += Math.sign(moved);
    expect(remembered.value).toBeUndefined();
  });
});
