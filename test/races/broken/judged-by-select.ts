import { REDEEM } from '../../../src/storage/postgres/authorization.sql.js';
import { broken } from './broken.js';

// Judges the head as a SELECT of the same statement sees it: a waiter is judged before the winner.
broken(
  REDEEM,
  [
    'select e.authorization_id\n  from token_entry e\n',
    'select e.authorization_id, b.generation from token_entry e join authorizations b on b.id = e.authorization_id\n',
  ],
  ['case when a.generation = $4 then', 'case when link.generation = $4 then'],
);
