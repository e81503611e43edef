import { REDEEM } from '../../../src/storage/postgres/authorization.sql.js';
import { broken } from './broken.js';

// Whoever finds the link just spent believes it was he who spent it.
broken(REDEEM, [/a\.rotation_nonce = (\$\d+::int|k\."nonce") as mine/, 'a.generation > 0 as mine']);
