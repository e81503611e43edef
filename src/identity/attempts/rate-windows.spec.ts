import { RateWindows } from './rate-windows.js';

describe('RateWindows', () => {
  it('counts up to the limit, then says how long the window lasts, then starts anew', () => {
    const windows = new RateWindows();
    const at = (now: number) => windows.count('a', 2, 1000, now);
    expect([at(0), at(100), at(400), at(999), at(1000), at(1001), at(1500)]).toEqual([0, 0, 600, 1, 0, 0, 500]);
  });

  it('keeps keys apart', () => {
    const windows = new RateWindows();
    expect([windows.count('a', 1, 1000, 0), windows.count('b', 1, 1000, 0), windows.count('a', 1, 1000, 0)]).toEqual([0, 0, 1000]);
  });

  it('never holds more keys than its capacity: ended windows go first, then the oldest', () => {
    const windows = new RateWindows(3);
    windows.count('short', 1, 10, 0);
    windows.count('old', 1, 1000, 0);
    windows.count('new', 1, 1000, 1);
    windows.count('x', 1, 1000, 20);
    expect(windows.size).toBe(3);
    expect(windows.count('old', 1, 1000, 20)).toBe(980);
    windows.count('y', 1, 1000, 20);
    expect(windows.size).toBe(3);
    expect(windows.count('new', 1, 1000, 20)).toBe(981);
    expect(windows.count('old', 1, 1000, 20)).toBe(0);
    for (let n = 0; n < 1000; n++) windows.count(`flood${n}`, 1, 1000, 21);
    expect(windows.size).toBe(3);
  });
});
