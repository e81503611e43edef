import type { ProviderClient, ProviderSettings, Person } from './faulty-provider.options.js';
import type { Grants } from './grants.js';
import type { SigningKeys } from './signing-keys.js';

/** What the endpoints share. */
export interface World {
  readonly issuer: string;
  readonly clients: Map<string, ProviderClient>;
  readonly grants: Grants;
  /** `jti` of the client assertions that were used. */
  readonly assertions: Set<string>;
  readonly keys: SigningKeys;
  readonly settings: ProviderSettings;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Who signs in. Undefined: nobody is there. */
  person: Person | undefined;
  /** Error of the next authorization request. */
  denial: string | undefined;
}
