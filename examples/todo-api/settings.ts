import type { ValidationOptions } from 'countersign/validation';

/** What the environment says. */
export interface Settings {
  readonly port: number;
  readonly validation: ValidationOptions;
  /** Only for CHECK=entry: a log-in that was granted `countersign_reader`. */
  readonly databaseUrl?: string;
}

/**
 * ISSUER, CHECK (signature, entry or introspection), AUDIENCE, PORT; for introspection CLIENT_ID, CLIENT_SECRET and INTROSPECTION_CACHE (seconds);
 * for entry DATABASE_URL. The module checks what it is given and names every fault.
 *
 * @throws Error for what the module cannot see
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const { ISSUER, CHECK = 'signature', AUDIENCE, PORT, CLIENT_ID, CLIENT_SECRET, INTROSPECTION_CACHE, DATABASE_URL } = environment;
  if (CHECK === 'entry' && !DATABASE_URL) throw new Error('CHECK=entry needs DATABASE_URL.');
  return {
    port: Number(PORT ?? 4000),
    validation: {
      issuer: ISSUER ?? 'http://localhost:3000',
      audience: AUDIENCE ?? 'http://localhost:4000',
      check: CHECK as 'signature' | 'entry' | 'introspection',
      realm: 'todos',
      ...(CLIENT_ID !== undefined && { clientId: CLIENT_ID }),
      ...(CLIENT_SECRET !== undefined && { clientSecret: CLIENT_SECRET }),
      ...(INTROSPECTION_CACHE !== undefined && { introspectionCache: Number(INTROSPECTION_CACHE) }),
    },
    ...(DATABASE_URL !== undefined && { databaseUrl: DATABASE_URL }),
  };
}
