import { processIdentity } from '../../../src/service/embedded-database/process-identity.js';
import type { ServiceProcess } from './service-process.js';

export interface LivingWorker {
  /** As the log numbers them. */
  readonly id: number;
  readonly pid: number;
}

/** The workers that serve, as the primary's log tells. */
export function workersOf({ log }: ServiceProcess): LivingWorker[] {
  const lines = log.filter(({ context }) => context === 'Workers');
  const gone = new Set(lines.flatMap(({ of, msg }) => (msg === 'A worker serves' ? [] : [of])));
  return lines.flatMap(({ of, pid, msg }) => (msg === 'A worker serves' && !gone.has(of) ? [{ id: Number(of), pid: Number(pid) }] : []));
}

/** Waits until so many serve. */
export async function serving(service: ServiceProcess, count: number): Promise<LivingWorker[]> {
  await service.until(() => workersOf(service).length === count, 120_000);
  return workersOf(service);
}

/** The numbers of the workers that answered requests so far. */
export const answeredBy = ({ log }: ServiceProcess): Set<unknown> =>
  new Set(log.flatMap(({ context, worker }) => (context === 'Request' ? [worker] : [])));

/** Which of these processes still run. */
export async function running(pids: readonly number[]): Promise<number[]> {
  const identities = await Promise.all(pids.map((pid) => processIdentity(pid)));
  return pids.filter((_, index) => identities[index] !== undefined);
}
