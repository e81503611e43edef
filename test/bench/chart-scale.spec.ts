import { chartScale } from '../../bench/report/chart-scale.js';

describe('the scale of the chart', () => {
  it('has round marks that hold the greatest value', () => {
    expect(chartScale(823)).toEqual({ end: 1000, marks: [0, 200, 400, 600, 800, 1000] });
    expect(chartScale(64)).toEqual({ end: 70, marks: [0, 10, 20, 30, 40, 50, 60, 70] });
    expect(chartScale(800).end).toBe(800);
  });

  it.each([0, 0.3, 1, 7.9, 8, 80, 1234, 99_999])('has at most eight steps up to %d', (greatest) => {
    const { end, marks } = chartScale(greatest);
    expect(marks.length).toBeGreaterThanOrEqual(2);
    expect(marks.length).toBeLessThanOrEqual(9);
    expect(end).toBeGreaterThanOrEqual(greatest);
    expect(marks.at(-1)).toBe(end);
  });
});
