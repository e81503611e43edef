/** Where this service is found from outside; issuance, which knows the issuer, provides it. Never taken from a request. */
export class IssuerAddress {
  /** Whether browsers reach it by TLS. Plain http is for loopback only. */
  readonly secure: boolean;
  readonly origin: string;
  private readonly path: string;

  constructor(readonly issuer: string) {
    const url = new URL(issuer);
    this.secure = url.protocol === 'https:';
    this.origin = url.origin;
    this.path = url.pathname === '/' ? '' : url.pathname;
  }

  /** The address of one of our own paths as links and forms name it: from the root of the host. */
  href(path: string, query: Readonly<Record<string, string>> = {}): string {
    const search = new URLSearchParams(query).toString();
    return this.path + path + (search === '' ? '' : `?${search}`);
  }
}
