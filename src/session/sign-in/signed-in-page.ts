const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/**
 * Goes on to a path of the app by itself: a redirect that began at the provider would not bring along a SameSite=Strict cookie, a navigation that
 * begins here does (RFC 6265bis §5.6.7.1).
 */
export const signedInPage = (path: string): string =>
  `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${escaped(path)}"><title>Signed in</title></head>` +
  `<body><a href="${escaped(path)}">Go on</a></body></html>`;

/** What a person sees whose sign-in came to nothing. It does not try again by itself: that could go on forever. */
export const failedPage = (reason: string, signIn: string): string =>
  `<!doctype html><html><head><meta charset="utf-8"><title>Not signed in</title></head>` +
  `<body><h1>You are not signed in</h1><p>${escaped(reason)}</p><p><a href="${escaped(signIn)}">Try again</a></p></body></html>`;
