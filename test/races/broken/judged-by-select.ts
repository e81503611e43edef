import { REDEEM } from '../../../src/storage/postgres/authorization.sql.js';
import { broken } from './broken.js';
import { JUDGED_BY_SELECT } from './redeem-breaks.js';

// Judges the head as a SELECT of the same statement sees it: a waiter is judged before the winner.
broken(REDEEM, ...JUDGED_BY_SELECT);
