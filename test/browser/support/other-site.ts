import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Another site: its pages, and what is sent to it. */
export class OtherSite {
  readonly received: { readonly method: string; readonly path: string; readonly body: string }[] = [];
  private readonly pages = new Map<string, string>();
  private readonly redirects = new Map<string, string>();

  private constructor(
    private readonly server: Server,
    /** `http://127.0.0.1:port`: for browsers, another site than localhost. */
    readonly origin: string,
  ) {}

  static async open(): Promise<OtherSite> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        site.received.push({ method: request.method ?? '', path: request.url ?? '', body });
        const location = site.redirects.get(request.url ?? '');
        if (location !== undefined) return void response.writeHead(302, { location }).end();
        const html = site.pages.get(request.url ?? '') ?? '<h1>The other site</h1>';
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const site = new OtherSite(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return site;
  }

  /** Puts a page up; returns its address. */
  show(path: string, html: string): string {
    this.pages.set(path, html);
    return this.origin + path;
  }

  /** Puts an address up that leads elsewhere; returns it. */
  redirect(path: string, location: string): string {
    this.redirects.set(path, location);
    return this.origin + path;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
