import { LOCALES, type Locale } from '../locale.js';
import { de } from './de.js';
import { en, type TextKey } from './en.js';

/** An operator's own words, by language and key. */
export type OwnTexts = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type TextValues = Readonly<Record<string, string | number>>;

const TEXTS: Readonly<Record<Locale, Readonly<Record<TextKey, string>>>> = { en, de };

/** Keys beside ours: an operator may put the service's own scopes into words. */
const SCOPE = /^scope\.[\x21\x23-\x5B\x5D-\x7E]{1,100}$/; // RFC 6749 §3.3

/** The text of a language as it is written, placeholders and all: the operator's own, else ours. Undefined: there is none. */
export const findText = (locale: Locale, key: string, own: OwnTexts): string | undefined =>
  ownText(own, locale, key) ?? (isTextKey(key) ? TEXTS[locale][key] : undefined);

export const ownText = (own: OwnTexts, locale: Locale, key: string): string | undefined => {
  const texts = Object.hasOwn(own, locale) ? own[locale] : undefined;
  return texts && Object.hasOwn(texts, key) ? texts[key] : undefined;
};

/** Replaces `{name}`; a name without a value stays as it is. */
export const fillIn = (text: string, fill: (name: string) => string | undefined): string =>
  text.replace(PLACEHOLDER, (placeholder, name: string) => fill(name) ?? placeholder);

/** What is wrong with an operator's own words, each with what to change. */
export function textFaults(own: unknown): string[] {
  if (!isRecord(own)) return ['pages.texts must be an object of languages, each an object of texts.'];
  return Object.entries(own).flatMap(([locale, texts]) => {
    if (!LOCALES.some((known) => known === locale))
      return [`pages.texts: there are no pages in ${quoted(locale)}, only in ${LOCALES.join(', ')}.`];
    if (!isRecord(texts)) return [`pages.texts: ${locale} must be an object of texts.`];
    return Object.entries(texts).flatMap(([key, text]) => faultOf(locale, key, text));
  });
}

function faultOf(locale: string, key: string, text: unknown): string[] {
  const name = `pages.texts: ${quoted(key)} of ${locale}`;
  if (!isTextKey(key) && !SCOPE.test(key)) return [`${name} is none of the texts: see docs/pages.md.`];
  if (typeof text !== 'string' || text.trim() === '') return [`${name} must be a text.`];
  const known = isTextKey(key) ? placeholders(en[key]) : [];
  const unknown = placeholders(text).filter((placeholder) => !known.includes(placeholder));
  return unknown.length > 0 ? [`${name} has no {${unknown.join('}, {')}} to fill in.`] : [];
}

const PLACEHOLDER = /\{([a-z]+)\}/g;

const placeholders = (text: string): string[] => [...text.matchAll(PLACEHOLDER)].map(([, name = '']) => name);

const isTextKey = (key: string): key is TextKey => Object.hasOwn(en, key);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of a file that may be anything. */
const quoted = (text: string): string => `"${text.slice(0, 60)}"`;
