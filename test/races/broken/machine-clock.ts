import { DatabaseClock } from '../../../src/storage/postgres/database-clock.js';

// Believes the machine.
DatabaseClock.prototype.now = () => new Date();
