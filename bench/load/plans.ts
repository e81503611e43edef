import type { Offer } from '../servers/announce.js';
import * as answers from './answers.js';
import type { Shot } from './load.js';
import { formText, jsonText, requestText } from './request-text.js';

/** What is sent in a measurement. */
export interface Plan {
  /** Makes ready what so many requests need; outside of the measurement. */
  readonly prepare?: (requests: number) => Promise<void>;
  readonly next: (connection: number) => Shot | undefined;
}

/** Of a server of which nothing can be measured. */
export const failing = (error: unknown): Plan => ({ prepare: () => Promise.reject(error as Error), next: () => undefined });

/** The same request each time. */
export function same(request: string, accept: Shot['accept']): Plan {
  const shot = { request, accept };
  return { next: () => shot };
}

export const issuing = (offer: Offer, format: answers.TokenFormat): Plan => same(formText(offer), answers.token(format));

/** Each connection presents its own newest refresh token. */
export function refreshing(offer: Offer, format: answers.TokenFormat): Plan {
  const newest = [...(offer.tokens ?? [])];
  return {
    next: (connection) => {
      const presented = newest[connection] ?? '';
      const accept = answers.newPair(format, presented);
      return {
        request: formText(offer, { refresh_token: presented }),
        accept: (status, body) => {
          newest[connection] = String(accept(status, body)['refresh_token']);
        },
      };
    },
  };
}

/** One of these after the other, again and again. */
export function rotating(requests: readonly string[], accept: Shot['accept']): Plan {
  const shots = requests.map((request) => ({ request, accept }));
  let at = 0;
  return { next: () => shots[at++ % shots.length] };
}

/** Each token once. */
export function once(supply: (count: number) => Promise<string[]>, request: (token: string) => string, accept: Shot['accept']): Plan {
  let fresh: string[] = [];
  return {
    prepare: async (requests) => {
      if (fresh.length < requests) fresh = fresh.concat(await supply(requests - fresh.length));
    },
    next: () => {
      const token = fresh.pop();
      return token === undefined ? undefined : { request: request(token), accept };
    },
  };
}

/** Each connection another person. */
export function signingIn(offer: Offer): Plan {
  const shots = (offer.json ?? []).map((person) => ({ request: jsonText(offer, person), accept: answers.signedIn }));
  return { next: (connection) => shots[connection] };
}

/** A route of an application. */
export const getting = (offer: Offer): Plan => same(requestText({ ...offer, method: 'GET' }), answers.ok);
