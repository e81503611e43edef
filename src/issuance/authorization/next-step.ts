import type { BrowserSession } from '../../identity/browser/browser-sessions.js';
import { isNative } from '../../protocol/redirect-uri.js';
import { isSubset } from '../../protocol/scope.js';
import type { ClientType } from '../../storage/client.store.js';
import type { AuthorizationSettings } from '../clients/client-policy.js';
import type { AuthorizationTicket } from './authorization-ticket.js';

/** What a request under way needs next. `wrong-person`: somebody else than the app means has just signed in. */
export type Step = 'sign-in' | 'wrong-person' | 'select-account' | 'consent' | 'issue';

/** `always`: each time; `once`: until the scopes grow; `never`: an app of the house. */
export type Asking = 'always' | 'once' | 'never';

type Session = Pick<BrowserSession, 'sid' | 'subject' | 'authenticatedAt'>;

export interface Situation {
  readonly ticket: AuthorizationTicket;
  readonly session: Session | undefined;
  readonly asking: Asking;
  /** Scopes that the person has allowed to the client; undefined: never asked, or withdrawn. */
  readonly allowed: readonly string[] | undefined;
}

/** OpenID Connect Core §3.1.2.3 and §3.1.2.4, RFC 8252 §8.6. The order of lines is the order of pages. */
export function nextStep({ ticket, session, asking, allowed }: Situation): Step {
  const { request, startedAt, chosenSid } = ticket;
  if (!session || !isRecent(ticket, session)) return 'sign-in';
  const justSignedIn = session.authenticatedAt.getTime() >= startedAt;
  if (request.hintedSubject !== undefined && request.hintedSubject !== session.subject) return justSignedIn ? 'wrong-person' : 'sign-in';
  // Who has just signed in has chosen.
  if (request.prompts.includes('select_account') && chosenSid !== session.sid && !justSignedIn) return 'select-account';
  if (asking === 'always' || (asking === 'once' && !(allowed && isSubset(request.scopes, allowed)))) return 'consent';
  return 'issue';
}

/** Whether the sign-in page has nothing left to do. */
export const isSignedIn = (ticket: AuthorizationTicket, session: Session): boolean =>
  nextStep({ ticket, session, asking: 'never', allowed: undefined }) !== 'sign-in';

/** When the person is asked for consent. */
export function askingOf({ request }: AuthorizationTicket, type: ClientType, { consent }: Pick<AuthorizationSettings, 'consent'>): Asking {
  // RFC 8252 §8.6: any program of the machine can pass itself off as a public native app, so that no earlier answer counts, an operator's neither.
  if (request.prompts.includes('consent') || (type === 'public' && isNative(request.redirectUri))) return 'always';
  return consent === 'implicit' ? 'never' : 'once';
}

/** Measured from when the request came, not from now: else a person who takes longer than max_age to consent would sign in forever. */
function isRecent({ request, startedAt, anotherSince }: AuthorizationTicket, { authenticatedAt }: Session): boolean {
  const notBefore = Math.max(
    request.prompts.includes('login') ? startedAt : -Infinity,
    request.maxAge === undefined ? -Infinity : startedAt - request.maxAge * 1000,
    anotherSince ?? -Infinity,
  );
  return authenticatedAt.getTime() >= notBefore;
}
