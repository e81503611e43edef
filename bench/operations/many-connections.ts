/** The service with many connections beside itself with few. */
import { issuing, refreshing, type Plan } from '../load/plans.js';
import type { Operation, Side } from '../measure/side.js';
import type { Offer } from '../servers/announce.js';

const MANY = 256;
const FEW = 32;

const beside = (name: string, operation: string, makePlan: (offer: Offer) => Plan): Operation => ({
  name,
  sides: async (bench) => {
    const server = await bench.service();
    const side = async (connections: number, who: string): Promise<Side> => {
      const plan = makePlan(await server.process.offer(operation, connections));
      return { name: who, server, plan, connections };
    };
    return [await side(MANY, 'countersign'), await side(FEW, `${FEW} connections`)];
  },
});

export const manyConnections: Operation[] = [
  beside(`issue, JWT, ${MANY} connections`, 'issue, JWT', (offer) => issuing(offer, 'JWT')),
  beside(`refresh, JWT, ${MANY} connections`, 'refresh, JWT', (offer) => refreshing(offer, 'JWT')),
];
