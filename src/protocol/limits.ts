const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What no configuration may exceed. Seconds. The revocation log and the partitions made ahead are laid out for these. */
export const LIMITS = {
  accessTokenLifetime: 24 * HOUR,
  refreshTokenLifetime: 60 * DAY,
  leeway: 5 * MINUTE,
  clockTolerance: 60,
} as const;

/** Milliseconds of a day. */
export const DAY_MS = DAY * 1000;
