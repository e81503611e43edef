import fc from 'fast-check';
import { BLACK, contrast, formatColor, legibleOn, mix, parseColor, readableOn, WHITE, type Rgb } from './color.js';

const channel = fc.integer({ min: 0, max: 255 });
const colors = fc.tuple(channel, channel, channel);

describe('colours', () => {
  it('are read and written as #rrggbb', () => {
    expect(parseColor('#2F54d0')).toEqual([47, 84, 208]);
    for (const text of ['2f54d0', '#2f5', '#2f54d0ff', '#2f54dg', ' #2f54d0', 'red', '']) expect(parseColor(text)).toBeUndefined();
    fc.assert(fc.property(colors, (color) => expect(parseColor(formatColor(color))).toEqual(color)));
  });

  // Reference values of the formula in WCAG 2.2.
  it.each<[Rgb, Rgb, number]>([
    [BLACK, WHITE, 21],
    [WHITE, WHITE, 1],
    [[119, 119, 119], WHITE, 4.48],
    [[255, 0, 0], WHITE, 4.0],
    [[0, 0, 255], WHITE, 8.59],
    [[255, 255, 0], BLACK, 19.56],
  ])('%j and %j have a contrast of %d', (one, other, ratio) => {
    expect(contrast(one, other)).toBeCloseTo(ratio, 2);
    expect(contrast(other, one)).toBeCloseTo(ratio, 2);
  });

  it('carry black or white, whichever has the better contrast, and that is enough for any text (WCAG 2.2 §1.4.3)', () => {
    expect(readableOn([255, 221, 0])).toEqual(BLACK);
    expect(readableOn([47, 84, 208])).toEqual(WHITE);
    fc.assert(fc.property(colors, (color) => expect(contrast(readableOn(color), color)).toBeGreaterThanOrEqual(4.5)));
  });

  it('are mixed by share', () => {
    expect(mix(BLACK, WHITE, 0)).toEqual(BLACK);
    expect(mix(BLACK, WHITE, 0.5)).toEqual([128, 128, 128]);
    expect(mix(BLACK, WHITE, 1)).toEqual(WHITE);
  });

  it('are moved until they can be read, and no further', () => {
    expect(legibleOn(WHITE, [47, 84, 208], 4.5)).toEqual([47, 84, 208]);
    fc.assert(
      fc.property(fc.constantFrom<Rgb>(WHITE, [16, 19, 24], [26, 30, 38]), colors, (background, color) =>
        expect(contrast(legibleOn(background, color, 4.5), background)).toBeGreaterThanOrEqual(4.5),
      ),
    );
  });
});
