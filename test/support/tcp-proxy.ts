import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between an API and its database or service, so that a test can cut the line, or let it swallow everything. */
export class TcpProxy {
  readonly #lines = new Set<readonly [near: Socket, far: Socket]>();
  #server: Server | undefined;
  #port = 0;
  #swallowing = false;

  constructor(private readonly target: string) {}

  /** The target's URL, by way of the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  async open(): Promise<void> {
    const { hostname, port } = new URL(this.target);
    const server = createServer((near) => {
      const far = connect(Number(port), hostname);
      const line = [near, far] as const;
      this.#lines.add(line);
      for (const socket of line) {
        socket.on('error', () => socket.destroy());
        socket.once('close', () => !this.#swallowing && this.#drop(line));
      }
      if (this.#swallowing) line.forEach((socket) => socket.resume());
      else near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Nothing gets through any more, in either direction, and nobody is told: neither those who are connected nor those who come. */
  swallow(): void {
    this.#swallowing = true;
    for (const socket of [...this.#lines].flat()) socket.unpipe().resume();
  }

  /** Whoever comes from now on gets through. Nothing is ever heard on the connections from before. */
  release(): void {
    this.#swallowing = false;
    for (const line of this.#lines) if (line.some(({ destroyed }) => destroyed)) this.#drop(line);
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    for (const line of this.#lines) this.#drop(line);
    await closed;
  }

  #drop(line: readonly [Socket, Socket]): void {
    line.forEach((socket) => socket.destroy());
    this.#lines.delete(line);
  }
}
