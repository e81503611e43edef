import { REDEEM } from '../../src/storage/postgres/authorization.sql.js';

/** Breaks of the redemption statement, by what would no longer hold. Each replaces parts that must be there. */
export const MUTANTS: Readonly<Record<string, readonly (readonly [part: string, replacement: string])[]>> = {
  'a used successor closes the window': [['a.generation = $4 + 1 and a.rotated_at >', 'a.generation > $4 and a.rotated_at >']],
  'the leeway ends': [[' and a.rotated_at > $6 - make_interval(secs => $7)', '']],
  'the newest version is judged, not the one a SELECT saw': [
    [
      'select e.authorization_id\n  from token_entry e\n',
      'select e.authorization_id, b.generation from token_entry e join authorizations b on b.id = e.authorization_id\n',
    ],
    ['case when a.generation = $4 then', 'case when link.generation = $4 then'],
  ],
  'nothing wider than the grant is given': [['($11::text[] is null or $11 <@ a.scopes)', '($11::text[] is null or true)']],
  'a link is of use to its own client only': [['a.client = $10::text and', '$10::text is not null and']],
  'a reuse ends the family': [['                             else 2 end', '                             else a.status end']],
};

/** Runs with a broken statement. Connections made before keep the whole one. */
export async function withMutant(name: string, work: () => Promise<void>): Promise<void> {
  const { text } = REDEEM;
  let mutated = text;
  for (const [part, replacement] of MUTANTS[name] ?? []) {
    if (!mutated.includes(part)) throw new Error(`The statement has no longer this part: ${part}`);
    mutated = mutated.replaceAll(part, replacement);
  }
  try {
    Object.assign(REDEEM, { text: mutated });
    await work();
  } finally {
    Object.assign(REDEEM, { text });
  }
}
