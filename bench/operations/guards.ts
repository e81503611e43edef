/** An API's route behind the guard, beside the least that the guard has to do. */
import * as answers from '../load/answers.js';
import { getting, once, type Plan } from '../load/plans.js';
import { requestText } from '../load/request-text.js';
import { harvest } from '../measure/harvest.js';
import type { Server } from '../measure/server.js';
import type { Bench, Operation, Side } from '../measure/side.js';

type Check = 'signature' | 'entry' | 'feed';

const api = (bench: Bench, check: Check): Promise<Server> => bench.application('guard', { CHECK: check });

const get = (path: string, token: string): string => requestText({ path, method: 'GET', headers: { authorization: `Bearer ${token}` } });

/** The same token each time: the guard knows it. */
async function warm(bench: Bench, server: Server, name: string, path: string): Promise<Side> {
  const [token = ''] = await harvest(await bench.service(), 'JWT', 1);
  return { name, server, plan: getting({ path, headers: { authorization: `Bearer ${token}` } }), connections: bench.connections };
}

async function cold(bench: Bench, server: Server, name: string, path: string): Promise<Side> {
  const issuer = await bench.service();
  const plan: Plan = once(
    (count) => harvest(issuer, 'JWT', count),
    (token) => get(path, token),
    answers.ok,
  );
  return { name, server, plan, connections: bench.connections };
}

export const guards: Operation[] = [
  {
    name: 'guard, signature, warm',
    sides: async (bench) => {
      const server = await api(bench, 'signature');
      return [await warm(bench, server, 'countersign', '/guarded'), await warm(bench, server, 'bare route', '/bare')];
    },
  },
  {
    name: 'guard, signature, cold',
    sides: async (bench) => {
      const server = await api(bench, 'signature');
      return [await cold(bench, server, 'countersign', '/guarded'), await cold(bench, server, 'bare route + verify', '/bare-verify')];
    },
  },
  {
    name: 'guard, feed, warm',
    sides: async (bench) => [
      await warm(bench, await api(bench, 'feed'), 'countersign', '/guarded'),
      await warm(bench, await api(bench, 'signature'), 'signature alone', '/guarded'),
    ],
  },
  {
    name: 'guard, entry',
    sides: async (bench) => {
      const server = await api(bench, 'entry');
      return [await warm(bench, server, 'countersign', '/guarded'), await warm(bench, server, 'bare route + SELECT', '/bare-select')];
    },
  },
];
