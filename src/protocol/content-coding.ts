/**
 * Whether a request's content is as its media type says, by its `Content-Encoding`: absent or `identity` (RFC 9110 §8.4). Bodies are never
 * decompressed here: a small one could become large, and no client of ours has so much to say.
 */
export const isUncoded = (contentEncoding: string | undefined): boolean =>
  contentEncoding === undefined || contentEncoding.toLowerCase() === 'identity';

/** What goes with the 415 that refuses any other coding (RFC 9110 §15.5.16). */
export const ACCEPTED_CODINGS = { 'accept-encoding': 'identity' } as const;
