import { REDEEM } from '../../../src/storage/postgres/authorization.sql.js';
import { broken } from './broken.js';

// Leaves it to the dates alone that there is no leeway of 0 seconds.
broken(REDEEM, [/when (\$\d+::float8|k\."leeway") > 0 and /, 'when ']);
