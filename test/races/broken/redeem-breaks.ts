import type { Replacement } from './broken.js';
/** The head as the statement's own SELECT saw it, instead of its newest version. */
export const JUDGED_BY_SELECT: readonly Replacement[] = [
  [
    /select (k\.\*|e\.authorization_id)\n( {2}from .*)/,
    'select $1, (select b.generation from authorizations b where b.id = e.authorization_id) as seen\n$2',
  ],
  [/case when a\.generation = (\S+) then/, 'case when seen = $1 then'],
];
