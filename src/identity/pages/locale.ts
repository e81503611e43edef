/** Languages there are texts for; the first is the one for everybody else. */
export const LOCALES = ['en', 'de'] as const;
export type Locale = (typeof LOCALES)[number];

const MOST_RANGES = 20;

/** The language for a person: by the app's wish, then the browser's, then English. A region (de-AT) counts as its language. RFC 4647 §3.4 */
export function localeOf(uiLocales: readonly string[], acceptLanguage: string | undefined): Locale {
  const wishes = [...uiLocales.slice(0, MOST_RANGES), ...acceptedLanguages(acceptLanguage ?? '')];
  const languages = wishes.map((wish) => wish.toLowerCase().split('-')[0]);
  const found = languages.find((language) => LOCALES.some((locale) => locale === language));
  return (found as Locale | undefined) ?? LOCALES[0];
}

/** RFC 9110 §12.5.4: by quality, then in order. */
function acceptedLanguages(header: string): string[] {
  return header
    .split(',')
    .slice(0, MOST_RANGES)
    .flatMap((part) => {
      const [range = '', ...parameters] = part.trim().split(/\s*;\s*/);
      const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
      return range !== '' && range !== '*' && quality > 0 ? [{ range, quality }] : [];
    })
    .sort((a, b) => b.quality - a.quality)
    .map(({ range }) => range);
}
