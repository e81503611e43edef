/** What the guard knows of a request on either host: Fastify keeps Node's own under `raw`, Express extends it. */
export interface IncomingRequest {
  readonly headers: { readonly authorization?: string | undefined };
  readonly rawHeaders?: readonly string[];
  readonly raw?: { readonly rawHeaders?: readonly string[] };
}

export const isRequest = (value: unknown): value is IncomingRequest =>
  typeof value === 'object' && value !== null && typeof (value as { headers?: unknown }).headers === 'object';
