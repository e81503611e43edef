import { formatColor, readableOn, type Rgb } from './color.js';

/** The mark of a service without a logo: the first letter of its name on its colour. */
export function monogram(name: string, color: Rgb): string {
  const [letter = ''] = [...new Intl.Segmenter().segment(name.trim())].map(({ segment }) => segment.toUpperCase());
  const font = 'font-family="system-ui,sans-serif" font-size="34" font-weight="700"';
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">',
    `<rect width="64" height="64" rx="15" fill="${formatColor(color)}"/>`,
    `<text x="32" y="33" text-anchor="middle" dominant-baseline="central" fill="${formatColor(readableOn(color))}" ${font}>`,
    `${escapeXml(letter)}</text></svg>\n`,
  ].join('');
}

const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
