import 'reflect-metadata';
import { toldToStop } from './service/told-to-stop.js';

// Before the rest is loaded, which takes a moment: process 1 of a container would be deaf meanwhile. Who insists does not wait for anything; an embedded
// PostgreSQL that is left behind is stopped by the next start on its folder.
const told = toldToStop(() => process.exit(1));
const { runService } = await import('./service/run-service.js');

await runService(told);
