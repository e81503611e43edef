import fc from 'fast-check';
import { LOCALES } from '../locale.js';
import { escapeHtml, Html } from './html.js';
import { wordsFor } from './page-words.js';

const now = new Date('2026-07-10T12:00:00Z');
const en = wordsFor('en', {}, now);

describe('wordsFor', () => {
  it("prefers the operator's words, then ours; an unknown key stands for itself", () => {
    const own = { en: { 'sign-in.title': 'Welcome to {app}' }, de: { 'scope.todos:read': 'Aufgaben lesen' } };
    expect(wordsFor('en', own, now).t('sign-in.title')).toBe('Welcome to {app}');
    expect(wordsFor('de', own, now).t('sign-in.title')).toBe('Anmelden');
    expect(wordsFor('de', own, now).scope({ name: 'todos:read', description: 'Read todos' })).toBe('Aufgaben lesen');
    expect(wordsFor('en', own, now).scope({ name: 'todos:read', description: 'Read todos' })).toBe('Read todos');
    expect([en.scope({ name: 'email' }), en.scope({ name: 'todos:write' })]).toEqual(['See your e-mail address', 'todos:write']);
    expect([en.t('nothing'), en.t('constructor'), en.t('toString')]).toEqual(['nothing', 'constructor', 'toString']);
  });

  it('fills in what it is given, once, and leaves what it is not', () => {
    expect(en.t('sign-in.lead', { app: '{app} & {name}' })).toBe('to continue to {app} & {name}');
    expect(en.t('sign-in.lead', { name: 'x' })).toBe('to continue to {app}');
    expect(en.t('sign-in.lead', JSON.parse('{"__proto__":1}') as Record<string, string>)).toBe('to continue to {app}');
  });

  it('says how long to wait, and something for problems it does not know', () => {
    expect(en.problem({ code: 'too-many-attempts', seconds: 30 })).toBe('Too many attempts. Try again in 30 seconds.');
    expect(wordsFor('de', {}, now).problem({ code: 'too-many-attempts', seconds: 900 })).toContain('in 15 Minuten');
    expect(en.problem({ code: 'unheard-of' })).toBe('That did not work. Try again.');
  });

  it('names devices', () => {
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
    expect([en.device(firefox), en.device('curl/8.5.0'), en.device('?'), en.device(undefined)]).toEqual([
      'Firefox on Linux',
      'curl',
      'Unknown device',
      'Unknown device',
    ]);
  });

  it('tells moments in words, with the precise one beside them', () => {
    expect(en.time(now).toString()).toMatch(
      /^<time datetime="2026-07-10T12:00:00.000Z" title="July 10, 2026 at 12:00.PM UTC">just now<\/time>$/,
    );
  });

  it('lets nothing that is filled in become markup', () => {
    fc.assert(
      fc.property(fc.constantFrom(...LOCALES), fc.string(), (locale, name) => {
        const html = wordsFor(locale, {}, now).rich('sign-in.lead', { app: name }).toString();
        const [, inside = ''] = /^[^<>]*<bdi>([^]*)<\/bdi>[^<>]*$/.exec(html) ?? [];
        expect(inside).toBe(escapeHtml(name));
        expect(inside).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
      }),
    );
    expect(en.rich('account.last-seen', { time: new Html('<time>now</time>') }).toString()).toBe('Last active <time>now</time>');
  });
});
