import type { Plan } from '../load/plans.js';
import type { Server } from './server.js';

/** One of those that an operation is measured of. */
export interface Side {
  /** As it is called in the results. */
  readonly name: string;
  readonly server: Server;
  readonly plan: Plan;
  readonly connections: number;
  /** Each connection from another address of the loopback network. */
  readonly manyAddresses?: boolean;
}

/** What is measured, of whoever can do it. */
export interface Operation {
  /** Stays as it is, so that runs can be compared. */
  readonly name: string;
  readonly sides: (bench: Bench) => Promise<Side[]>;
}

/** What operations need of the run. */
export interface Bench {
  readonly connections: number;
  /** Those that are measured, and that offer this. Started when first asked for. */
  offering(operation: string): Promise<{ name: string; server: Server }[]>;
  /** The service, whether or not it is measured. */
  service(): Promise<Server>;
  /** A process of its own, from a file in bench/servers, on the database of the service. */
  application(file: string, environment: Record<string, string>): Promise<Server>;
}
