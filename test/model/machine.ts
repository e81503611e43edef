import { uuidv7 } from '../../src/protocol/uuid.js';
import { ClientDirectory } from '../../src/issuance/clients/client-directory.js';
import { TokenIssuer } from '../../src/issuance/tokens/token-issuer.js';
import { confidentialClient, publicClient, resourceServer, type TestClient } from '../support/clients.js';
import { isEnded, type Chain, type Link, type ModelClient } from './chain-model.js';
import type { Kept } from './expectations.js';
import { endOf, expectedClaims, sorted } from './presentations.js';
import type { World } from './world.js';

export const SCOPES = ['a', 'b', 'c'] as const;
export const RESOURCES = ['https://one.example', 'https://two.example'] as const;
/** Never granted: asking for them is asking for more. */
export const WIDER = { scope: 'd', resource: 'https://three.example' } as const;

/** The state that commands work on. */
export interface Machine {
  readonly clients: readonly [ModelClient, ModelClient];
  /** Sees every access token. */
  readonly api: TestClient;
  readonly subjects: readonly string[];
  readonly chains: Chain[];
  kept: Kept;
}

export async function newMachine(world: World, kept: Kept): Promise<Machine> {
  const service = world.instances[0].service;
  for (const { retries, reuses } of world.instances) [retries, reuses].forEach((events) => events.splice(0));
  const register = async (role: ModelClient['role']): Promise<ModelClient> => {
    const builder = role === 'public' ? publicClient() : confidentialClient();
    // Confidential clients do not rotate by themselves; a run begins with chains that grow, and a change of settings may end that.
    const overrides = role === 'public' ? {} : { rotation: true };
    return { ...(await builder.withSettings(overrides).register(service)), role, overrides, epoch: 0, disabled: false };
  };
  return {
    clients: [await register('public'), await register('confidential')],
    api: await resourceServer().register(service),
    subjects: [1, 2, 3].map(() => uuidv7(world.clock.now())),
    chains: [],
    kept,
  };
}

const isAlive = (chain: Chain, now: number): boolean => !isEnded(chain) && Math.min(chain.endsAt, headOf(chain).expiresAt) > now;

/** A chain by a number of any size: mostly one that lives; the youngest is the likeliest. */
export async function pickChain(machine: Machine, world: World, pick: { chain: number; dead: boolean }): Promise<Chain> {
  const alive = machine.chains.filter((chain) => isAlive(chain, world.now()));
  const candidates = pick.dead && machine.chains.length > 0 ? machine.chains : alive;
  return candidates[pick.chain % Math.max(1, candidates.length)] ?? startChain(machine, world, pick.chain);
}

export const headOf = ({ links }: Chain): Link => {
  const head = links.at(-1);
  if (!head) throw new Error('a chain without links');
  return head;
};

/** Opens a grant as the sign-in API or the code flow do, through the only minter. */
export async function startChain(machine: Machine, world: World, seed: number): Promise<Chain> {
  const usable = machine.clients.filter((candidate) => !candidate.disabled);
  const client = usable[seed % usable.length];
  if (!client) throw new Error('both clients are disabled');
  const at = (seed >> 3) % 2 === 0 ? 0 : 1;
  const settings = world.settings(client, at);
  const record = await world.get(ClientDirectory, at).read(client.id);
  if (!record) throw new Error('the client is missing');
  const now = world.now();
  const [scopes, resources] = [SCOPES, (seed >> 4) % 4 < 3 ? RESOURCES : RESOURCES.slice(0, 1)];
  const subject = machine.subjects[seed % machine.subjects.length] ?? '';
  const claims = { roles: ['tester'], n: seed % 7 };
  const tokens = await world.get(TokenIssuer, at).issue(record, {
    kind: 'new-chain',
    subject,
    scopes,
    resources,
    claims,
    refreshable: true,
    ...((seed >> 5) % 2 === 0 && { session: {} }),
  });
  const refreshToken = tokens.refreshToken ?? '';
  const key = await world.linkKey(refreshToken);
  const access = await world.accessClaims(tokens.accessToken);
  const [headEnd, accessEnd, endsAt] = [settings.refreshTokenLifetime, settings.accessTokenLifetime, settings.chainLifetime].map((life) =>
    endOf(now, life),
  ) as [number, number, number];
  const chain: Chain = {
    ...{ id: key.authorizationId, client, epoch: client.epoch, subject, scopes, resources, claims, endsAt },
    sid: access.claims['sid'] as string | undefined,
    links: [{ generation: 0, token: refreshToken, key, expiresAt: headEnd }],
    accesses: [{ token: tokens.accessToken, jti: String(access.claims['jti']), key: access.key, expiresAt: accessEnd, revoked: false }],
    rotation: undefined,
    revoked: false,
    logs: [],
    accessLogs: [],
    newestEnd: Math.max(headEnd, accessEnd),
  };
  const expected = expectedClaims(
    chain,
    { scopes: undefined, resources: undefined },
    0,
    now,
    Math.min(accessEnd, endsAt),
    String(access.claims['jti']),
  );
  expect(sorted(access.claims)).toEqual(sorted(expected));
  machine.chains.push(chain);
  return chain;
}
