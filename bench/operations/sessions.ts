/** A web app's route behind a cookie session, beside the same route without the module. */
import { getting } from '../load/plans.js';
import type { Operation, Side } from '../measure/side.js';

const STORES = { 'cookie alone': 'session, cookie without database', cookie: 'session, cookie', postgres: 'session, postgres' };
const ROUTE = 'route';

export const sessions: Operation[] = Object.entries(STORES).map(([store, name]) => ({
  name,
  sides: async (bench) => {
    const guarded = await bench.application('session', { STORE: store });
    const bare = await bench.application('session', { STORE: 'none' });
    // What the browser sends goes to both.
    const plan = getting(await guarded.process.offer(ROUTE, bench.connections));
    const side = (who: string, server: Side['server']): Side => ({ name: who, server, plan, connections: bench.connections });
    return [side('countersign', guarded), side('bare route', bare)];
  },
}));
