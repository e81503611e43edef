import { median, percentile } from '../../bench/report/statistics.js';

describe('statistics of the bench', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => n + 1);

  it('finds percentiles by nearest rank', () => {
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([1, 2, 3], 1)).toBe(3);
    expect(percentile([], 0.5)).toBe(0);
  });

  it('finds the median without minding the order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([10, 1, 4, 2])).toBe(3);
    expect(median([])).toBeNaN();
  });
});
