import { en } from './en.js';

const TEXTS: Readonly<Record<string, Readonly<Record<string, string>>>> = { en };

export type Translate = (key: string, values?: Readonly<Record<string, string | number>>) => string;

/** The texts of a language: the operator's own words, else ours, else the English ones, else the key. */
export function textsFor(locale: string, own: Readonly<Record<string, Readonly<Record<string, string>>>>): Translate {
  return (key, values = {}) => {
    const text = own[locale]?.[key] ?? TEXTS[locale]?.[key] ?? (en as Readonly<Record<string, string>>)[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (placeholder, name: string) => String(values[name] ?? placeholder));
  };
}
