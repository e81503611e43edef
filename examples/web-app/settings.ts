/** What the environment says. */
export interface Settings {
  readonly port: number;
  /** Where browsers reach the app. */
  readonly baseUrl: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Newest first. */
  readonly sessionKeys: readonly string[];
  readonly store: 'cookie' | 'postgres';
  /** The app's own database. Without it: the cookie alone, and one process. */
  readonly databaseUrl?: string;
  /** Where the Todo API is. */
  readonly todoApi: string;
}

/**
 * PORT, BASE_URL, ISSUER, CLIENT_ID, CLIENT_SECRET, SESSION_KEYS (newest first, commas between), STORE (cookie or postgres), DATABASE_URL, TODO_API.
 * The session module checks what it is given and names every fault.
 */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const { PORT = '4001', BASE_URL, ISSUER, CLIENT_ID, CLIENT_SECRET, SESSION_KEYS = '', STORE, DATABASE_URL, TODO_API } = environment;
  return {
    port: Number(PORT),
    baseUrl: BASE_URL ?? `http://localhost:${PORT}`,
    issuer: ISSUER ?? 'http://localhost:3000',
    clientId: CLIENT_ID ?? 'web-app',
    ...(CLIENT_SECRET !== undefined && { clientSecret: CLIENT_SECRET }),
    sessionKeys: SESSION_KEYS.split(',').filter((key) => key !== ''),
    store: (STORE ?? 'cookie') as Settings['store'],
    ...(DATABASE_URL !== undefined && { databaseUrl: DATABASE_URL }),
    todoApi: TODO_API ?? 'http://localhost:4000',
  };
}
