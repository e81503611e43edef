import { ISSUE, REDEEM } from '../../../src/storage/postgres/authorization.sql.js';
import { broken } from './broken.js';

// Redeems links of a disabled client as long as nobody looks at its row.
broken(REDEEM, ['and c.id = a.client and c.disabled_at is null and c.epoch = a.client_epoch', 'and c.id = a.client']);
broken(ISSUE, ['and c.disabled_at is null and c.epoch = a.client_epoch', '']);
