/** Whether a URL's hostname, as the URL parser writes it (127.1 in dotted form, IPv6 in brackets), is this very machine. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
