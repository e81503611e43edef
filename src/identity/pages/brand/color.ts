/** Red, green, blue, 0 to 255 each. */
export type Rgb = readonly [number, number, number];

export const BLACK: Rgb = [0, 0, 0];
export const WHITE: Rgb = [255, 255, 255];

/** Undefined: not `#rrggbb`. */
export function parseColor(text: string): Rgb | undefined {
  const [, red, green, blue] = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text) ?? [];
  if (red === undefined || green === undefined || blue === undefined) return undefined;
  return [Number.parseInt(red, 16), Number.parseInt(green, 16), Number.parseInt(blue, 16)];
}

export const formatColor = (color: Rgb): string => `#${color.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;

/** 1 (the same) to 21 (black on white). WCAG 2.2, "contrast ratio" */
export function contrast(one: Rgb, other: Rgb): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** Black or white, whichever can be read better on this colour. */
export const readableOn = (background: Rgb): Rgb => (contrast(BLACK, background) >= contrast(WHITE, background) ? BLACK : WHITE);

/** `share` of the other colour, 0 to 1. */
export const mix = (color: Rgb, other: Rgb, share: number): Rgb => {
  const channel = (index: 0 | 1 | 2): number => Math.round(color[index] * (1 - share) + other[index] * share);
  return [channel(0), channel(1), channel(2)];
};

/** The colour, moved towards black or white no further than it takes to have this contrast with the background. */
export function legibleOn(background: Rgb, color: Rgb, least: number): Rgb {
  const towards = readableOn(background);
  for (let step = 0; step < 20; step++) {
    const candidate = mix(color, towards, step / 20);
    if (contrast(candidate, background) >= least) return candidate;
  }
  return towards;
}

/** WCAG 2.2, "relative luminance" */
function luminance(color: Rgb): number {
  const [red, green, blue] = color.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
