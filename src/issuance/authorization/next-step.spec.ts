import fc from 'fast-check';
import type { AuthorizationRequest, Prompt } from './authorization-request.js';
import type { AuthorizationTicket } from './authorization-ticket.js';
import { askingOf, isSignedIn, nextStep, type Asking, type Step } from './next-step.js';

const START = 1_000_000;
const session = (authenticatedAt: number, subject = 'ada') => ({ sid: 's', subject, authenticatedAt: new Date(authenticatedAt) });

function ticket(request: Partial<AuthorizationRequest> = {}, progress: Partial<AuthorizationTicket> = {}): AuthorizationTicket {
  const plain: AuthorizationRequest = {
    client: 'app',
    redirectUri: 'https://app.example/callback',
    responseMode: 'query',
    scopes: ['openid', 'email'],
    resources: ['https://api.example'],
    prompts: [],
    uiLocales: [],
  };
  return { request: { ...plain, ...request }, startedAt: START, ...progress };
}

const EARLIER = session(START - 60_000);
const JUST_NOW = session(START);
const ALL = ['openid', 'email', 'roles'];

describe('What a request needs next (OpenID Connect Core §3.1.2.3)', () => {
  const cases: [
    name: string,
    ticket: AuthorizationTicket,
    session: typeof EARLIER | undefined,
    asking: Asking,
    allowed: string[] | undefined,
    step: Step,
  ][] = [
    ['nobody is there', ticket(), undefined, 'once', undefined, 'sign-in'],
    ['somebody is there and has agreed', ticket(), EARLIER, 'once', ALL, 'issue'],
    ['never asked', ticket(), EARLIER, 'once', undefined, 'consent'],
    ['asked for less', ticket(), EARLIER, 'once', ['openid'], 'consent'],
    ['asked for nothing in particular, now for nothing', ticket({ scopes: [] }), EARLIER, 'once', [], 'issue'],
    ['nothing in particular, and never asked', ticket({ scopes: [] }), EARLIER, 'once', undefined, 'consent'],
    ['asked each time', ticket(), EARLIER, 'always', ALL, 'consent'],
    ['an app of the house', ticket(), EARLIER, 'never', undefined, 'issue'],
    ['login', ticket({ prompts: ['login'] }), EARLIER, 'once', ALL, 'sign-in'],
    ['login, done', ticket({ prompts: ['login'] }), JUST_NOW, 'once', ALL, 'issue'],
    ['max_age reached', ticket({ maxAge: 60 }), EARLIER, 'once', ALL, 'issue'],
    ['max_age passed', ticket({ maxAge: 59 }), EARLIER, 'once', ALL, 'sign-in'],
    ['max_age 0', ticket({ maxAge: 0 }), session(START - 1), 'once', ALL, 'sign-in'],
    ['max_age 0, done', ticket({ maxAge: 0 }), JUST_NOW, 'once', ALL, 'issue'],
    ['select_account', ticket({ prompts: ['select_account'] }), EARLIER, 'once', ALL, 'select-account'],
    ['select_account, chosen', ticket({ prompts: ['select_account'] }, { chosenSid: 's' }), EARLIER, 'once', ALL, 'issue'],
    ['select_account, another chosen', ticket({ prompts: ['select_account'] }, { chosenSid: 't' }), EARLIER, 'once', ALL, 'select-account'],
    ['select_account, just signed in', ticket({ prompts: ['select_account'] }), JUST_NOW, 'once', ALL, 'issue'],
    ['somebody else wanted', ticket({}, { anotherSince: START + 5 }), JUST_NOW, 'once', ALL, 'sign-in'],
    ['somebody else wanted and come', ticket({}, { anotherSince: START + 5 }), session(START + 5), 'once', ALL, 'issue'],
    ['the person meant', ticket({ hintedSubject: 'ada' }), EARLIER, 'once', ALL, 'issue'],
    ['another than meant', ticket({ hintedSubject: 'bob' }), EARLIER, 'once', ALL, 'sign-in'],
    ['another than meant has just come', ticket({ hintedSubject: 'bob' }), JUST_NOW, 'once', ALL, 'wrong-person'],
  ];
  it.each(cases)('%s', (_, given, who, asking, allowed, step) => {
    expect(nextStep({ ticket: given, session: who, asking, allowed })).toBe(step);
  });

  const anySituation = fc.record({
    prompts: fc.subarray<Prompt>(['login', 'consent', 'select_account']),
    maxAge: fc.option(fc.nat(120), { nil: undefined }),
    age: fc.integer({ min: -60_000, max: 120_000 }),
    hintedSubject: fc.constantFrom('ada', 'bob', undefined),
    anotherSince: fc.option(fc.integer({ min: START, max: START + 30_000 }), { nil: undefined }),
    chosenSid: fc.constantFrom('s', 't', undefined),
    asking: fc.constantFrom<Asking>('always', 'once', 'never'),
    allowed: fc.option(fc.subarray(ALL), { nil: undefined }),
  });

  it('a code only for the person meant, as recent as asked for, who agreed or need not', () => {
    fc.assert(
      fc.property(anySituation, ({ prompts, maxAge, age, hintedSubject, anotherSince, chosenSid, asking, allowed }) => {
        const given = ticket(
          { prompts, ...(maxAge !== undefined && { maxAge }), ...(hintedSubject !== undefined && { hintedSubject }) },
          { ...(anotherSince !== undefined && { anotherSince }), ...(chosenSid !== undefined && { chosenSid }) },
        );
        const who = session(START - age);
        const step = nextStep({ ticket: given, session: who, asking, allowed });
        expect(isSignedIn(given, who)).toBe(step !== 'sign-in');
        if (step !== 'issue') return;
        expect(hintedSubject ?? 'ada').toBe('ada');
        if (prompts.includes('login')) expect(age).toBeLessThanOrEqual(0);
        if (maxAge !== undefined) expect(age).toBeLessThanOrEqual(maxAge * 1000);
        if (anotherSince !== undefined) expect(START - age).toBeGreaterThanOrEqual(anotherSince);
        if (prompts.includes('select_account')) expect(chosenSid === 's' || age <= 0).toBe(true);
        expect(asking).not.toBe('always');
        if (asking === 'once') expect(allowed).toEqual(expect.arrayContaining(['openid', 'email']));
      }),
    );
  });

  it('each step done brings the end nearer: nobody goes round in circles', () => {
    fc.assert(
      fc.property(anySituation, ({ prompts, maxAge, age, anotherSince, asking, allowed }) => {
        let given = ticket({ prompts, ...(maxAge !== undefined && { maxAge }) }, anotherSince === undefined ? {} : { anotherSince });
        let who: typeof EARLIER | undefined = session(START - age);
        let consented = allowed;
        for (let now = START + 60_000, pages = 0; ; now += 60_000, pages++) {
          const step = nextStep({ ticket: given, session: who, asking, allowed: consented });
          if (step === 'issue') break;
          expect(pages).toBeLessThan(3);
          if (step === 'sign-in') who = session(now);
          else if (step === 'select-account') given = { ...given, chosenSid: who.sid };
          else if (asking === 'always')
            break; // the answer itself ends it
          else consented = ALL;
        }
      }),
    );
  });
});

describe('Who is asked for consent', () => {
  const explicit = { consent: 'explicit' } as const;
  const implicit = { consent: 'implicit' } as const;
  const loopback = { redirectUri: 'http://127.0.0.1:51004/callback' };
  const ownScheme = { redirectUri: 'com.example.app:/callback' };

  it.each([
    ['people, once', askingOf(ticket(), 'public', explicit), 'once'],
    ['nobody about an app of the house', askingOf(ticket(), 'confidential', implicit), 'never'],
    ['people, where the app wants it so', askingOf(ticket({ prompts: ['consent'] }), 'confidential', implicit), 'always'],
    ['each time for a native app on loopback (RFC 8252 §8.6)', askingOf(ticket(loopback), 'public', explicit), 'always'],
    ['and for one with its own scheme', askingOf(ticket(ownScheme), 'public', explicit), 'always'],
    ['also if it is of the house', askingOf(ticket(ownScheme), 'public', implicit), 'always'],
    ['not for a client that proves itself', askingOf(ticket(loopback), 'confidential', explicit), 'once'],
  ])('%s', (_, asking, expected) => expect(asking).toBe(expected));
});
