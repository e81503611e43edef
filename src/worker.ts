import 'reflect-metadata';
import cluster from 'node:cluster';
import { workerToldToStop } from './service/told-to-stop.js';

// One of the processes that a primary (main.ts with WORKERS) starts: before the rest is loaded, for the same reasons as there.
const { worker } = cluster;
if (!worker) throw new Error('A worker is started by its primary: set WORKERS, and start the service as usual.');
const told = workerToldToStop(worker);
const { runWorker } = await import('./service/workers/run-worker.js');

await runWorker(worker, told);
