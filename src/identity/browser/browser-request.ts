import type { IncomingHttpHeaders } from 'node:http';

/** What pages read of a Fastify request. */
export interface BrowserRequest {
  /** The peer, or whom the host's proxy settings trust to be it. */
  readonly ip: string;
  readonly headers: IncomingHttpHeaders;
}

/** What pages write of a Fastify reply. */
export interface BrowserReply {
  /** Whether it is answered already. */
  readonly sent: boolean;
  status(code: number): BrowserReply;
  header(name: string, value: string): BrowserReply;
  headers(headers: Record<string, string>): BrowserReply;
  removeHeader(name: string): BrowserReply;
  getHeader(name: string): number | string | string[] | undefined;
  send(body?: string | Buffer): BrowserReply;
}
