import { formatColor, legibleOn, mix, readableOn, type Rgb } from './color.js';

/** What is behind links and outlines in `pages.css`: of page and card the one that leaves them less contrast. */
export const LIGHT_BACKGROUND: Rgb = [0xf4, 0xf5, 0xf8];
export const DARK_BACKGROUND: Rgb = [0x1a, 0x1e, 0x26];

/** WCAG 2.2 §1.4.3, with a little to spare. */
const LEAST = 4.6;

/** The style sheet with the operator's colour: buttons in it as it is, links in the nearest one that can be read. */
export function themeStylesheet(accent: Rgb): string {
  const onAccent = readableOn(accent);
  const away = readableOn(onAccent); // a button under the pointer: further from its text
  const variables = (all: Readonly<Record<string, Rgb>>): string =>
    `:root{${Object.entries(all)
      .map(([name, color]) => `--${name}:${formatColor(color)}`)
      .join(';')}}`;
  const link = (background: Rgb): Rgb => legibleOn(background, accent, LEAST);
  const light = {
    accent,
    'accent-hover': mix(accent, away, 0.14),
    'on-accent': onAccent,
    'accent-text': link(LIGHT_BACKGROUND),
  };
  return `${variables(light)}\n@media (prefers-color-scheme:dark){${variables({ 'accent-text': link(DARK_BACKGROUND) })}}\n`;
}
