import fc from 'fast-check';
import { ClientDirectory } from '../../src/issuance/clients/client-directory.js';
import { KeyRotation } from '../../src/issuance/keys/key-rotation.js';
import { ClientStore, type ClientSettings } from '../../src/storage/client.store.js';
import { MaintenanceStore } from '../../src/storage/maintenance.store.js';
import { RevocationStore } from '../../src/storage/revocation.store.js';
import { batch, type Operation } from './batch.js';
import { DAY, isEnded, type Asked, type Chain, type Link, type ModelClient } from './chain-model.js';
import { expectRows, expectStatuses } from './expectations.js';
import { forge, type Forgery } from './forgeries.js';
import { headOf, pickChain, RESOURCES, SCOPES, startChain, WIDER, type Machine } from './machine.js';
import { endFamily, isRefusal, LOG_ROW_MS, settle, verdictOf, type Presentation } from './presentations.js';
import type { Tally } from './tally.js';
import type { World } from './world.js';

export interface Real {
  readonly world: World;
  readonly tally: Tally;
}

type Step = fc.AsyncCommand<Machine, Real>;

/** One command: what it is called, and what it does to both the model and the service. */
class Command<Parameters> implements Step {
  constructor(
    private readonly name: string,
    private readonly parameters: Parameters,
    private readonly act: (machine: Machine, real: Real, parameters: Parameters) => Promise<void>,
  ) {}
  check(): boolean {
    return true;
  }
  async run(machine: Machine, real: Real): Promise<void> {
    real.tally.step(this.name);
    await this.act(machine, real, this.parameters);
  }
  toString(): string {
    return `${this.name}(${JSON.stringify(this.parameters)})`;
  }
}

const command = <P extends Record<string, fc.Arbitrary<unknown>>>(
  name: string,
  parameters: P,
  act: (machine: Machine, real: Real, parameters: { [K in keyof P]: P[K] extends fc.Arbitrary<infer V> ? V : never }) => Promise<void>,
): fc.Arbitrary<Step> => fc.record(parameters).map((values) => new Command(name, values as never, act));

const number = fc.nat(1023);
const at = fc.constantFrom<(0 | 1)[]>(0, 1);
const weighted = <T>(...choices: [number, T][]): fc.Arbitrary<T> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));
const chosenChain = fc.record({ chain: number, dead: weighted([12, false], [1, true]) });
/** How many links before the head. Anything but the two newest ends the family. */
const age = weighted([50, 0], [40, 1], [1, 2], [1, 7]);
const narrowed = (all: readonly string[], wider: string): fc.Arbitrary<readonly string[] | undefined> =>
  fc.oneof(
    { weight: 16, arbitrary: fc.constant(undefined) },
    { weight: 6, arbitrary: fc.shuffledSubarray([...all], { minLength: 1 }) },
    { weight: 2, arbitrary: fc.constant(all) },
    { weight: 1, arbitrary: fc.constant([...all, wider]) },
  );
const asked: fc.Arbitrary<Asked> = fc.record({
  scopes: narrowed(SCOPES, WIDER.scope),
  resources: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: narrowed(RESOURCES, WIDER.resource) }),
});

const linkOf = (chain: Chain, before: number): Link => chain.links.at(-1 - Math.min(before, chain.links.length - 1)) ?? headOf(chain);

/** One genuine link, by its own client or by another one. */
const present = command(
  'present',
  { pick: chosenChain, age, asked, at, foreign: weighted([14, false], [1, true]) },
  async (machine, { world, tally }, p) => {
    const chain = await pickChain(machine, world, p.pick);
    const client = p.foreign ? (machine.clients.find((candidate) => candidate !== chain.client) as ModelClient) : chain.client;
    const shown: Presentation = { chain, link: linkOf(chain, p.age), client, asked: p.asked, at: p.at };
    const verdict = verdictOf(world, shown, machine.kept.keptFrom);
    const before = await world.rows(chain.id);
    const answer = await world.refresh(p.at, client, shown.link.token, p.asked);
    await settle(world, shown, verdict, answer);
    const after = await world.rows(chain.id);
    // (I6) What is refused without being a reuse has written nothing, not even the same again.
    if (isRefusal(verdict) && verdict !== 'reuse') expect(after).toEqual(before);
    expectRows(chain, after, machine.kept);
    const { retries, reuses } = world.instances[p.at];
    expect([retries.splice(0), reuses.splice(0)]).toEqual([
      verdict.startsWith('retry') ? [chain.id] : [],
      verdict === 'reuse' ? [chain.id] : [],
    ]);
    tally.presented(p.foreign ? 'invalid: wrong client' : isEnded(chain) && verdict === 'invalid_grant' ? 'invalid: ended chain' : verdict);
  },
);

/** Several at once, on both instances: old and new links, the same one many times, and sometimes something that ends the family. */
const together = command(
  'together',
  {
    pick: fc.record({ chain: number, dead: fc.constant(false) }),
    redeem: fc.array(
      fc.record({
        age: weighted([40, 0], [14, 1], [1, 2]),
        asked: fc.oneof(
          { weight: 4, arbitrary: fc.constant({ scopes: undefined, resources: undefined }) },
          { weight: 1, arbitrary: asked },
        ),
        at,
        times: weighted([4, 1], [2, 3], [1, 12]),
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    end: weighted<Operation['kind'] | undefined>([20, undefined], [1, 'revoke'], [1, 'end subject']),
  },
  async (machine, { world, tally }, p) => {
    const chain = await pickChain(machine, world, p.pick);
    const operations: Operation[] = p.redeem.flatMap((one) =>
      Array.from({ length: one.times }, () => ({
        kind: 'redeem' as const,
        shown: { chain, link: linkOf(chain, one.age), client: chain.client, asked: one.asked, at: one.at },
      })),
    );
    if (p.end) operations.splice(operations.length >> 1, 0, { kind: p.end } as Operation);
    await batch(machine, world, chain, operations, tally);
  },
);

const forged = command(
  'forge',
  {
    pick: chosenChain,
    age,
    kind: fc.constantFrom<Forgery[]>(
      'identifier',
      'bucket',
      'authorization',
      'number',
      'other link',
      'other chain',
      'random',
      'type',
      'longer',
      'shorter',
    ),
    bit: fc.nat(4095),
    at,
    use: weighted<'redeem' | 'revoke' | 'introspect'>([4, 'redeem'], [1, 'revoke'], [1, 'introspect']),
  },
  async (machine, { world, tally }, p) => {
    const chain = await pickChain(machine, world, p.pick);
    if (chain.client.disabled) return;
    const other = machine.chains[p.bit % machine.chains.length] ?? chain;
    const token = forge(p.kind, linkOf(chain, p.age), headOf(other), p.bit);
    if (machine.chains.some(({ links }) => links.some((link) => link.token === token))) return;
    const before = [await world.rows(chain.id), await world.rows(other.id)];
    if (p.use === 'redeem') {
      const { status, body } = await world.refresh(p.at, chain.client, token, { scopes: undefined, resources: undefined });
      expect([status, body.error]).toEqual([400, 'invalid_grant']);
    } else if (p.use === 'revoke') expect((await world.revoke(p.at, chain.client, token)).status).toBe(200);
    else expect(await world.isActive(p.at, machine.api, token)).toBe(false);
    expect([await world.rows(chain.id), await world.rows(other.id)]).toEqual(before);
    tally.presented('invalid: forged');
  },
);

/** Ends things, sometimes by one who may not. */
const revoke = command(
  'revoke',
  {
    pick: chosenChain,
    what: weighted<'access' | 'family' | 'chain' | 'subject'>([6, 'access'], [1, 'family'], [1, 'chain'], [1, 'subject']),
    which: number,
    at,
    foreign: weighted([3, false], [1, true]),
  },
  async (machine, { world, tally }, p) => {
    const chain = await pickChain(machine, world, p.pick);
    const now = world.now();
    const { keptFrom, grantsKeptFrom } = machine.kept;
    const gone = chain.newestEnd < grantsKeptFrom;
    if (p.what === 'chain') {
      expect(await world.get(RevocationStore, p.at).endAuthorization(chain.id, world.clock.now())).toBe(!chain.revoked && !gone);
      if (!gone) endFamily(chain, now);
    } else if (p.what === 'subject') {
      const theirs = machine.chains.filter(
        ({ subject, revoked, newestEnd }) => subject === chain.subject && !revoked && newestEnd >= grantsKeptFrom,
      );
      expect(await world.get(RevocationStore, p.at).endSubject(chain.subject, world.clock.now())).toEqual({
        grants: theirs.length,
        browsers: 0,
      });
      theirs.forEach((one) => endFamily(one, now));
    } else {
      const client = p.foreign ? (machine.clients.find((candidate) => candidate !== chain.client) as ModelClient) : chain.client;
      if (client.disabled) return;
      const access = chain.accesses[p.which % chain.accesses.length];
      const link = linkOf(chain, p.which % 4);
      const [token, key] = p.what === 'access' && access ? [access.token, access.key] : [link.token, link.key];
      const before = await world.rows(chain.id);
      expect((await world.revoke(p.at, client, token)).status).toBe(200);
      if (p.foreign) expect(await world.rows(chain.id)).toEqual(before);
      else if (gone || key.bucket < keptFrom) expect(await world.rows(chain.id)).toEqual(before);
      else if (p.what === 'family') endFamily(chain, now);
      else if (access && !access.revoked && access.expiresAt > now) {
        access.revoked = true;
        chain.accessLogs.push(now + LOG_ROW_MS);
      }
    }
    tally.presented(`revoke: ${p.what}${p.foreign ? ' by another client' : ''}`);
    expectRows(chain, await world.rows(chain.id), machine.kept);
  },
);

/** Disabling ends all that the client has; enabled again it starts afresh. Half of the time the instances still have the old record cached. */
const disable = command('disable a client', { which: number, stale: fc.boolean(), enable: fc.boolean() }, async (machine, { world }, p) => {
  const client = machine.clients[p.which % 2] as ModelClient;
  if (machine.clients.every((candidate) => candidate === client || candidate.disabled)) return;
  expect(await world.get(ClientStore).setEnabled(client.id, client.disabled, world.clock.now())).toBe(true);
  if (!client.disabled) client.epoch++;
  client.disabled = !client.disabled;
  if (p.enable && client.disabled) {
    expect(await world.get(ClientStore).setEnabled(client.id, true, world.clock.now())).toBe(true);
    client.disabled = false;
  }
  if (!p.stale) for (const instance of [0, 1] as const) await world.get(ClientDirectory, instance).read(client.id);
});

const settings: fc.Arbitrary<ClientSettings> = fc.record(
  {
    accessTokenLifetime: fc.constantFrom(20, 900, 86_400),
    refreshTokenLifetime: fc.constantFrom(60, 3600, 86_400, 30 * 86_400),
    chainLifetime: fc.constantFrom(600, 86_400, 365 * 86_400),
    referenceAccessTokens: fc.boolean(),
    referenceRefreshTokens: fc.boolean(),
    rotation: weighted([6, true], [1, false]),
    leeway: fc.constantFrom(0, 1, 30, 30, 300),
    accessTokenAlgorithm: fc.constantFrom<('ES256' | 'RS256')[]>('ES256', 'RS256'),
  },
  { requiredKeys: [] },
);
const change = command('change settings', { which: number, settings }, async (machine, { world }, p) => {
  const client = machine.clients[p.which % 2] as ModelClient;
  client.overrides = p.settings;
  await world.update(client);
});

const quarters = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min: min * 4, max: max * 4 }).map((n) => n / 4);
const wait = command(
  'wait',
  {
    seconds: fc.oneof(
      { weight: 12, arbitrary: quarters(0, 9) },
      { weight: 3, arbitrary: quarters(0, 45) },
      { weight: 1, arbitrary: quarters(45, 900) },
    ),
  },
  async (_, { world }, { seconds }) => world.advance(seconds),
);
const waitDays = command('wait for days', { days: fc.integer({ min: 1, max: 8 }) }, async (_, { world }, { days }) =>
  world.advance(days * 86_400),
);

/** To the very end of something, a quarter of a second before it or after. */
const waitUntil = command(
  'wait until',
  {
    pick: fc.record({ chain: number, dead: fc.constant(false) }),
    end: weighted<'leeway' | 'access' | 'link' | 'chain'>([8, 'leeway'], [4, 'access'], [1, 'link'], [1, 'chain']),
    quarter: fc.integer({ min: -1, max: 1 }),
  },
  async (machine, { world }, p) => {
    const chain = await pickChain(machine, world, p.pick);
    const ends = {
      leeway: (chain.rotation?.rotatedAt ?? 0) + world.settings(chain.client, 0).leeway * 1000,
      access: chain.accesses.at(-1)?.expiresAt ?? 0,
      link: headOf(chain).expiresAt,
      chain: chain.endsAt,
    };
    // What lies months ahead is left alone: it would end every other chain of the run.
    const seconds = (ends[p.end] - world.now()) / 1000 + p.quarter / 4;
    if (seconds > 0 && seconds <= 2 * 86_400) await world.advance(seconds);
  },
);

const rotateKeys = command(
  'rotate K',
  {
    at,
    due: weighted([6, false], [1, true]),
    purposes: weighted<('derive' | 'seal:refresh')[]>([4, ['derive']], [1, ['derive', 'seal:refresh']]),
    reload: fc.boolean(),
  },
  async (_, { world }, p) => {
    const rotation = world.get(KeyRotation, p.at);
    await (p.due ? rotation.rotateDue() : rotation.rotateNow(p.purposes));
    // Within a scheduled rotation every instance knows the new key before it takes over; a derivation key alone may be unknown to the other for a while.
    if (p.reload || p.due || p.purposes.length > 1) await world.reloadKeys();
  },
);

const prune = command(
  'prune',
  { prepare: fc.boolean(), retentionDays: fc.integer({ min: 0, max: 2 }), at },
  async (machine, { world }, p) => {
    const store = world.get(MaintenanceStore, p.at);
    const now = world.now();
    if (p.prepare) await store.prepare(world.clock.now());
    await store.prune(world.clock.now(), p.retentionDays * 86_400);
    const before = now - p.retentionDays * DAY;
    machine.kept = {
      keptFrom: Math.max(machine.kept.keptFrom, Math.floor(before / DAY)),
      logsKeptFrom: Math.max(machine.kept.logsKeptFrom, Math.floor(now / DAY)),
      grantsKeptFrom: Math.max(machine.kept.grantsKeptFrom, before - 2 * DAY),
    };
  },
);

const start = command('start', { seed: number }, async (machine, { world }, { seed }) => {
  if (machine.clients.some(({ disabled }) => !disabled)) await startChain(machine, world, seed);
});

/** Every token ever issued, everywhere it can be asked about. */
const audit = command('audit', {}, async (machine, { world }) => {
  for (const chain of machine.chains) expectRows(chain, await world.rows(chain.id), machine.kept);
  await expectStatuses(machine.chains, world, machine.kept, machine.api);
});

/** All commands, so weighted that chains grow old. */
export const COMMANDS: fc.Arbitrary<Step> = fc.oneof(
  { weight: 120, arbitrary: present },
  { weight: 25, arbitrary: together },
  { weight: 40, arbitrary: wait },
  { weight: 10, arbitrary: waitUntil },
  { weight: 1, arbitrary: waitDays },
  { weight: 14, arbitrary: forged },
  { weight: 12, arbitrary: revoke },
  { weight: 14, arbitrary: change },
  { weight: 10, arbitrary: rotateKeys },
  { weight: 2, arbitrary: disable },
  { weight: 4, arbitrary: start },
  { weight: 2, arbitrary: prune },
  { weight: 2, arbitrary: audit },
);

/** What ends every run. */
export async function finalAudit(machine: Machine, world: World): Promise<void> {
  for (const chain of machine.chains) expectRows(chain, await world.rows(chain.id), machine.kept);
  await expectStatuses(machine.chains, world, machine.kept, machine.api);
}
