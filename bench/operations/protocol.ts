/** What the endpoints do, of every server that offers it. */
import * as answers from '../load/answers.js';
import { failing, issuing, once, refreshing, rotating, signingIn, type Plan } from '../load/plans.js';
import { formText } from '../load/request-text.js';
import { harvest } from '../measure/harvest.js';
import type { Server } from '../measure/server.js';
import type { Operation } from '../measure/side.js';
import type { Offer } from '../servers/announce.js';

const MANY = 10_000;
const FEW = 8;

type MakePlan = (offer: Offer, server: Server) => Plan | Promise<Plan>;

// The same hints to all of them (RFC 7009 §2.1, RFC 7662 §2.1): a server whose tokens do not tell what they are looks in fewer places.
const introspection = (offer: Offer) => (token: string) => formText(offer, { token, token_type_hint: 'access_token' });
const revocation = (offer: Offer) => (token: string) => formText(offer, { token, token_type_hint: 'refresh_token' });

const known =
  (format: answers.TokenFormat, count: number): MakePlan =>
  async (offer, server) =>
    rotating((await harvest(server, format, count)).map(introspection(offer)), answers.active);

const PLANS: Record<string, MakePlan> = {
  'issue, JWT': (offer) => issuing(offer, 'JWT'),
  'issue, reference': (offer) => issuing(offer, 'reference'),
  'refresh, JWT': (offer) => refreshing(offer, 'JWT'),
  'refresh, reference': (offer) => refreshing(offer, 'reference'),
  'introspect, reference': known('reference', MANY),
  'introspect, JWT seen before': known('JWT', FEW),
  'introspect, JWT not seen before': (offer, server) =>
    once((count) => harvest(server, 'JWT', count), introspection(offer), answers.active),
  revoke: (offer, server) => once((count) => server.process.revocable(count), revocation(offer), answers.done),
  'sign in': signingIn,
};

export const protocolOperations: Operation[] = Object.entries(PLANS).map(([name, makePlan]) => ({
  name,
  sides: async (bench) => {
    const sides = [];
    for (const { name: who, server } of await bench.offering(name)) {
      const offer = server.process.offer(name, bench.connections);
      // A wrong answer while tokens are made ready is this server's, not the run's.
      const plan = await offer.then((made) => makePlan(made, server)).catch(failing);
      sides.push({ name: who, server, plan, connections: bench.connections, manyAddresses: name === 'sign in' });
    }
    return sides;
  },
}));
