import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An API behind an app, that notes what reaches it. */
export class TestApi {
  /** Requests whose bodies have come, but for those that a handler of the test's own took. */
  received: Received[] = [];
  connections = 0;
  /** Instead of the usual 200. */
  handle: RequestListener | undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TestApi> {
    const server = createServer();
    const api = new TestApi(server);
    server.on('request', (...exchange) => void (api.handle ? api.handle(...exchange) : api.answer(...exchange)));
    server.on('connection', (socket) => {
      api.connections++;
      api.sockets.add(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what came, and closes what is open: whoever comes from now on connects anew. */
  reset(): void {
    this.handle = undefined;
    for (const socket of this.sockets) socket.destroy();
    this.sockets.clear();
    this.received = [];
    this.connections = 0;
  }

  /** Refuses tokens other than this one, or all of them. */
  accept(token: (presented: string | undefined) => boolean): void {
    this.handle = (request, response) => {
      const good = token(request.headers.authorization);
      void this.answer(request, response, good ? 200 : 401);
    };
  }

  close(): void {
    this.reset();
    this.server.close();
  }

  private async answer(...[request, response, status = 200]: [...Parameters<RequestListener>, number?]): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method, url, headers } = request;
    this.received.push({ method, url, headers, body });
    response.writeHead(status, { 'content-type': 'text/plain' }).end('of the API');
  }
}
