import type { Locale } from '../locale.js';
import type { PageProblem, PageScope } from '../page-models.js';
import { fillIn, findText, ownText, type OwnTexts, type TextValues } from '../texts/texts.js';
import { deviceOf } from './device.js';
import { escapeHtml, Html } from './html.js';
import { durationOf, momentOf, preciseMoment } from './moments.js';

/** How templates speak: in one language, with the operator's words before ours. Strings are to be escaped, `Html` is not. */
export interface PageWords {
  /** A text, its placeholders filled in; of an unknown key the key. */
  t(key: string, values?: TextValues): string;
  /** The same, with what is filled in set apart: names of people and apps, moments. */
  rich(key: string, values: Readonly<Record<string, string | Html>>): Html;
  /** How long, in words. */
  wait(seconds: number): string;
  problem(problem: PageProblem): string;
  /** What an app may do with this scope. */
  scope(scope: PageScope): string;
  /** What people would call the device of a `User-Agent`. */
  device(userAgent: string | undefined): string;
  /** A `<time>`: how long ago, or the date. */
  time(date: Date): Html;
}

/** @param own the operator's words; @param now for how long ago something was */
export function wordsFor(locale: Locale, own: OwnTexts, now: Date): PageWords {
  const textOf = (key: string): string => findText(locale, key, own) ?? findText('en', key, own) ?? key;
  const t = (key: string, values: TextValues = {}): string => fillIn(textOf(key), (name) => valueOf(values, name)?.toString());
  const wait = (seconds: number): string => durationOf(seconds, locale);
  return {
    t,
    rich: (key, values) => new Html(fillIn(escapeHtml(textOf(key)), (name) => markUp(valueOf(values, name)))),
    wait,
    problem: ({ code, seconds }) => {
      const key = `problem.${code}`;
      return t(
        findText(locale, key, own) === undefined ? 'problem.other' : key,
        seconds === undefined ? {} : { seconds, wait: wait(seconds) },
      );
    },
    scope: ({ name, description }) =>
      ownText(own, locale, `scope.${name}`) ?? description ?? findText(locale, `scope.${name}`, own) ?? name,
    device: (userAgent) => {
      const { browser, system } = deviceOf(userAgent ?? '');
      if (browser !== undefined && system !== undefined) return t('device.browser-on-system', { browser, system });
      return browser ?? system ?? t('device.unknown');
    },
    time: (date) => {
      const [moment, precise] = [momentOf(date, now, locale) ?? t('time.now'), preciseMoment(date, locale)];
      return new Html(`<time datetime="${date.toISOString()}" title="${escapeHtml(precise)}">${escapeHtml(moment)}</time>`);
    },
  };
}

const valueOf = <Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/** Isolated: the direction of a name must not turn the sentence around it (HTML, "bdi"). */
const markUp = (value: string | Html | undefined): string | undefined =>
  value === undefined ? undefined : value instanceof Html ? value.toString() : `<bdi>${escapeHtml(value)}</bdi>`;
