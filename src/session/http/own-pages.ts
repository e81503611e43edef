const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** Of the module's own pages, which load nothing, send nothing and stay with whom they are for. */
export const PAGE = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'private, no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
};

/**
 * Goes on by itself: a redirect that began at another site would not bring along a SameSite=Strict cookie, a navigation that begins here does
 * (RFC 6265bis §5.6.7.1).
 */
export const goOnPage = (title: string, url: string): string =>
  `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=${escaped(url)}"><title>${escaped(title)}</title></head>` +
  `<body><a href="${escaped(url)}">Go on</a></body></html>`;

/** What a person sees whose sign-in came to nothing. It does not try again by itself: that could go on forever. */
export const failedPage = (reason: string, signIn: string): string =>
  `<!doctype html><html><head><meta charset="utf-8"><title>Not signed in</title></head>` +
  `<body><h1>You are not signed in</h1><p>${escaped(reason)}</p><p><a href="${escaped(signIn)}">Try again</a></p></body></html>`;
