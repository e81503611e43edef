import { parseColor } from './brand/color.js';
import { readLogo } from './brand/logo.js';
import { compileTemplates } from './page-templates.js';
import { textFaults, type OwnTexts } from './texts/texts.js';

/** How the pages look and speak. */
export interface PageOptions {
  /**
   * Whether there are pages: without them nobody can sign in with a browser, and their addresses answer 404. They need token storage. Default: whatever
   * `storage` is.
   */
  readonly enabled?: boolean;
  /** What the service is called on its pages, 1 to 60 characters. Default `Countersign`. */
  readonly name: string;
  /** Path of an SVG, PNG or WebP file, 256 KiB at most, which stands for the name. Default: the name, and its first letter. */
  readonly logo?: string;
  /** Colour of buttons and links, `#rrggbb`. What is written on it is black or white, whichever can be read. Default `#2f54d0`. */
  readonly color: string;
  /** Own words, by language and key: see `texts/en.ts` and docs/pages.md. Default: none. */
  readonly texts: OwnTexts;
  /** A folder with templates in place of those of the same name: `sign-in.eta`, … Read at start. Default: none. */
  readonly templates?: string;
}

export const PAGE_DEFAULTS: PageOptions = { name: 'Countersign', color: '#2f54d0', texts: {} };

/** Everything that is wrong with the options, each with what to change. */
export function pageOptionFaults({ enabled, name, logo, color, texts, templates }: PageOptions, storage: boolean): string[] {
  const logoFault = logo === undefined ? undefined : readLogo(logo);
  return [
    ...(enabled === undefined || typeof enabled === 'boolean' ? [] : ['pages.enabled must be true or false.']),
    ...(enabled === true && storage === false ? ['pages.enabled needs token storage: turn it off, or storage on.'] : []),
    ...(isName(name) ? [] : ['pages.name must be a text of 1 to 60 characters without control characters.']),
    ...(logoFault && 'fault' in logoFault ? [`pages.logo ${logoFault.fault}`] : []),
    ...(typeof color === 'string' && parseColor(color) ? [] : ['pages.color must be a colour of the form #rrggbb.']),
    ...textFaults(texts),
    ...(templates === undefined ? [] : compileTemplates(templates).faults.map((fault) => `pages.templates ${fault}`)),
  ];
}

const isName = (name: unknown): boolean => typeof name === 'string' && name.trim() !== '' && /^[^\p{Cc}]{1,60}$/u.test(name);
