import { REDEEM } from '../../src/storage/postgres/authorization.sql.js';
import { replaced, type Replacement } from '../races/broken/broken.js';
import { JUDGED_BY_SELECT } from '../races/broken/redeem-breaks.js';

/** Breaks of the redemption statement, by what would no longer hold. Each replaces parts that must be there, in the statement for one and in that for many. */
export const MUTANTS: Readonly<Record<string, readonly Replacement[]>> = {
  'a used successor closes the window': [[/a\.generation = \S+ \+ 1 and a\.rotated_at >/, 'a.generation > 0 and a.rotated_at >']],
  'the leeway ends': [[/ and a\.rotated_at > \S+ - make_interval\(secs => \S+\)/, '']],
  'the newest version is judged, not the one a SELECT saw': JUDGED_BY_SELECT,
  'nothing wider than the grant is given': [[/\((\S+) is null or \S+ <@ a\.scopes\)/, '($1 is null or true)']],
  'a link is of use to its own client only': [[/a\.client = (\S+) and/, '$1 is not null and']],
  'a reuse ends the family': [[/ {29}else 2 end/, '                             else a.status end']],
};

/** Runs with a broken statement. Connections made before keep the whole one. */
export async function withMutant(name: string, work: () => Promise<void>): Promise<void> {
  const whole = [REDEEM.one, REDEEM.many].map((statement) => ({ statement, text: statement.text }));
  const broken = whole.map(({ statement, text }) => ({ statement, text: replaced(text, MUTANTS[name] ?? []) }));
  const put = (texts: typeof whole): void => texts.forEach(({ statement, text }) => Object.assign(statement, { text }));
  try {
    put(broken);
    await work();
  } finally {
    put(whole);
  }
}
