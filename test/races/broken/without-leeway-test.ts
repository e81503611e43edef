import { REDEEM } from '../../../src/storage/postgres/authorization.sql.js';
import { broken } from './broken.js';

// Leaves it to the dates alone that there is no leeway of 0 seconds.
broken(REDEEM, ['$7::float8 > 0 and ', '']);
