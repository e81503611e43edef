import { RevocationStore } from '../../src/storage/revocation.store.js';
import { effective, judge, type Chain, type Verdict } from './chain-model.js';
import { expectRows } from './expectations.js';
import { headOf, type Machine } from './machine.js';
import { endFamily, isRefusal, judgeOf, plannedEnds, settle, type Presentation } from './presentations.js';
import type { Tally } from './tally.js';
import type { Answer, ChainRows, World } from './world.js';

/** One of several things that happen to a chain at once. */
export type Operation =
  { readonly kind: 'redeem'; readonly shown: Presentation } | { readonly kind: 'revoke' } | { readonly kind: 'end subject' };

interface Observed {
  readonly operation: Operation;
  readonly answer?: Answer;
}

/** What the order of events decides. */
interface State {
  readonly won: boolean;
  readonly ended: boolean;
}

/**
 * Runs operations on one chain at once. Whatever the interleaving was, there must be an order in which the model, step by step, gives every answer that
 * was given and every row that is there (linearizability); that order is then the model's history.
 */
export async function batch(machine: Machine, world: World, chain: Chain, operations: readonly Operation[], tally: Tally): Promise<void> {
  const observed = await Promise.all(
    operations.map(async (operation): Promise<Observed> => {
      if (operation.kind === 'redeem') {
        const { at, client, link, asked } = operation.shown;
        return { operation, answer: await world.refresh(at, client, link.token, asked) };
      }
      if (operation.kind === 'revoke') return { operation, answer: await world.revoke(0, chain.client, headOf(chain).token) };
      await world.get(RevocationStore, 1).endSubject(chain.subject, world.clock.now());
      return { operation };
    }),
  );
  for (const { retries, reuses } of world.instances) [retries, reuses].forEach((events) => events.splice(0));
  const rows = await world.rows(chain.id);
  const order = linearize(machine, world, chain, observed, rows);
  if (!order)
    throw new Error(
      `no order of events explains ${JSON.stringify({ answers: observed.map(({ operation, answer }) => [describe(operation), answer?.status, answer?.body]), rows }, null, 1)}`,
    );
  const endedAfter = chain.revoked || order.some(({ operation, verdict }) => operation.kind !== 'redeem' || verdict === 'reuse');
  for (const { operation, answer, verdict } of order) {
    if (operation.kind === 'end subject') {
      const theirs = machine.chains.filter(
        ({ subject, newestEnd }) => subject === chain.subject && newestEnd >= machine.kept.grantsKeptFrom,
      );
      theirs.forEach((one) => endFamily(one, world.now()));
    } else if (operation.kind === 'revoke') endFamily(chain, world.now());
    else if (operation.kind === 'redeem' && answer && verdict) {
      // A further access token that the end of the family forestalled: settled as such once the family has ended.
      if (verdict === 'retry, other parameters' && answer.status !== 200 && endedAfter) tally.presented('retry forestalled by the end');
      else {
        await settle(world, operation.shown, verdict, answer, true);
        tally.presented(isRefusal(verdict) && verdict !== 'reuse' ? `invalid: raced` : `${verdict}, at once`);
      }
    }
  }
  expectRows(chain, rows, machine.kept);
}

const describe = (operation: Operation): string =>
  operation.kind === 'redeem'
    ? `redeem ${operation.shown.link.generation} ${JSON.stringify(operation.shown.asked)} at ${operation.shown.at}`
    : operation.kind;

type Ordered = Observed & { readonly verdict?: Verdict };

/** Depth-first; alike operations with alike answers are interchangeable, so that 64 of them are no more than one. */
function linearize(machine: Machine, world: World, chain: Chain, observed: readonly Observed[], rows: ChainRows): Ordered[] | undefined {
  const groups = new Map<string, Observed[]>();
  for (const one of observed) {
    const key = `${describe(one.operation)} ${one.answer?.status} ${one.answer?.body.error}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const kinds = [...groups.values()];
  const mayEnd = rows.held?.status === 2;
  const dead = new Set<string>();

  const search = (counts: readonly number[], state: State): Ordered[] | undefined => {
    if (counts.every((n) => n === 0)) return state.ended === mayEnd ? [] : undefined;
    const memo = `${counts.join()} ${state.won} ${state.ended}`;
    if (dead.has(memo)) return undefined;
    for (const [index, kind] of kinds.entries()) {
      const one = kind[(counts[index] ?? 0) - 1];
      if (!one) continue;
      const next = after(machine, world, chain, one, state, rows);
      const rest =
        next &&
        search(
          counts.map((n, i) => (i === index ? n - 1 : n)),
          next.state,
        );
      if (next && rest) return [{ ...one, ...(next.verdict && { verdict: next.verdict }) }, ...rest];
    }
    dead.add(memo);
    return undefined;
  };
  return search(
    kinds.map((kind) => kind.length),
    { won: false, ended: chain.revoked },
  );
}

/** The state after an operation, if it could come next and be answered as it was. */
function after(
  machine: Machine,
  world: World,
  chain: Chain,
  { operation, answer }: Observed,
  state: State,
  rows: ChainRows,
): { state: State; verdict?: Verdict } | undefined {
  if (operation.kind !== 'redeem') {
    const gone = chain.newestEnd < machine.kept.grantsKeptFrom;
    return { state: gone ? state : { ...state, ended: true } };
  }
  const { shown } = operation;
  const imagined: Chain = {
    ...chain,
    revoked: state.ended,
    ...(state.won && {
      links: [...chain.links, { ...headOf(chain), generation: chain.links.length }],
      rotation: { ...EMPTY_ROTATION, rotatedAt: world.now(), effective: grantedBy(rows) },
    }),
  };
  const verdict = judge(imagined, shown.link, shown.client, shown.asked, judgeOf(world, shown, machine.kept.keptFrom));
  const succeeded = answer?.status === 200;
  const endsRevoked = rows.held?.status === 2;
  const mayBeForestalled = verdict === 'retry, other parameters' && endsRevoked;
  if (isRefusal(verdict) === succeeded && !mayBeForestalled) return undefined;
  // The reason for a refusal is read after it: by then another request may have ended the family.
  const reason = verdict === 'reuse' ? 'invalid_grant' : verdict;
  if (!succeeded && answer?.body.error !== reason && !(endsRevoked && answer?.body.error === 'invalid_grant')) return undefined;
  if (verdict === 'won' && !isWinner(world, shown, rows)) return undefined;
  return { verdict, state: { won: state.won || verdict === 'won', ended: state.ended || verdict === 'reuse' } };
}

const EMPTY_ROTATION = {
  refreshToken: '',
  headEnd: 0,
  accessEnd: 0,
  formats: { referenceAccess: false, selfContainedRefresh: false },
  accesses: new Map(),
};

const grantedBy = ({ held }: ChainRows): string => {
  const sorted = (column: string) => [...((held?.[column] ?? []) as string[])].sort();
  return JSON.stringify([sorted('granted_scopes'), sorted('granted_resources')]);
};

/** Whether the row is as this presentation would have left it. Several may be: they are then alike in everything that counts. */
function isWinner(world: World, shown: Presentation, rows: ChainRows): boolean {
  const { held } = rows;
  const settings = world.settings(shown.client, shown.at);
  const { headEnd, accessEnd } = plannedEnds(world, shown);
  return (
    held !== null &&
    held.generation === shown.link.generation + 1 &&
    effective(shown.chain, shown.asked) === grantedBy(rows) &&
    held['formats'] === (settings.referenceAccessTokens ? 1 : 0) + (settings.referenceRefreshTokens ? 0 : 2) &&
    Date.parse(String(held['head_expires_at'])) === headEnd &&
    Date.parse(String(held['access_expires_at'])) === accessEnd
  );
}
