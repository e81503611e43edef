/** How far ahead of our clock `iat` may be, whatever the tolerance: clocks are never quite even, and `iat` ends no right. Seconds. */
const LARGEST_LEAD = 60;

/** Why a token's dates (RFC 7519 §4.1.4–6, in seconds) do not hold at `now`; `undefined` when they do. Tolerance in seconds. */
export function faultOfTimes(claims: Readonly<Record<string, unknown>>, now: Date, tolerance: number): string | undefined {
  const { exp, nbf, iat } = claims;
  const seconds = now.getTime() / 1000;
  if (!isTime(exp) || !isTime(iat) || (nbf !== undefined && !isTime(nbf))) return 'dates missing or of the wrong form';
  if (seconds >= exp + tolerance) return 'expired';
  if (nbf !== undefined && seconds < nbf - tolerance) return 'not yet valid';
  if (iat > seconds + LARGEST_LEAD || iat > exp) return 'issued in the future';
  return undefined;
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
