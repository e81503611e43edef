/** Whether a token with this `aud` is meant for one of the audiences (RFC 7519 §4.1.3: a text or a list). */
export const isMeantFor = (audiences: readonly string[], aud: unknown): boolean =>
  (Array.isArray(aud) ? (aud as unknown[]) : [aud]).some((name) => typeof name === 'string' && audiences.includes(name));
