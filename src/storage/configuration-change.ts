/**
 * Configuration that has changed: one client (its record, secrets, state or standing grant), the scopes, or the keys. As text it is the key of its row
 * in the revocation log, which is written with the change: whoever remembers configuration reads it anew from then on.
 */
export type ConfigurationChange = `client:${string}` | 'scopes' | 'keys';

/** Of a client, by its id. */
export const ofClient = (id: string): ConfigurationChange => `client:${id}`;
