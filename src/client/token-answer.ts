/** What `/auth/login`, `/auth/register` and `/auth/refresh` answer, or a token endpoint (RFC 6749 §5.1). Further members are ignored. */
export type TokenAnswer =
  | { readonly accessToken: string; readonly refreshToken?: string; readonly expiresIn?: number; readonly tokenType?: string }
  | { readonly access_token: string; readonly refresh_token?: string; readonly expires_in?: number; readonly token_type?: string };

/** The same, read. */
export interface Answer {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  /** Seconds. */
  readonly expiresIn: number;
}

/** Seconds, where the answer does not say. */
const ASSUMED_LIFETIME = 300;
/** RFC 6750 §2.1. A token of another form would fail as a header later, with a message that shows it. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Undefined: it is none, or not of bearer tokens. */
export function readAnswer(answer: unknown): Answer | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const members = answer as Readonly<Record<string, unknown>>;
  const accessToken = members['accessToken'] ?? members['access_token'];
  const refreshToken = members['refreshToken'] ?? members['refresh_token'];
  const type = members['tokenType'] ?? members['token_type'] ?? 'Bearer';
  if (typeof accessToken !== 'string' || !BEARER_TOKEN.test(accessToken)) return undefined;
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return undefined;
  const given = Number(members['expiresIn'] ?? members['expires_in'] ?? ASSUMED_LIFETIME);
  return {
    accessToken,
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
    expiresIn: Number.isFinite(given) ? Math.max(1, given) : ASSUMED_LIFETIME,
  };
}
