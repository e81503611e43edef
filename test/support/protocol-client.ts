import type { TestClient } from './clients.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests assert what is in it
  readonly body: any;
}

export type Form = Readonly<Record<string, string>>;

/** Speaks to the endpoints over HTTP as one client. */
export class ProtocolClient {
  constructor(
    private readonly url: string,
    private readonly client?: TestClient,
  ) {}

  token(form: Form): Promise<Answer> {
    return this.form('/connect/token', form);
  }

  refresh(refreshToken: string, more: Form = {}): Promise<Answer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...more });
  }

  introspect(token: string): Promise<Answer> {
    return this.form('/connect/introspect', { token });
  }

  revoke(token: string): Promise<Answer> {
    return this.form('/connect/revoke', { token });
  }

  async form(path: string, form: Form): Promise<Answer> {
    const identified = this.client && this.client.secret === undefined ? { client_id: this.client.id, ...form } : form;
    return this.send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...this.basic() },
      body: new URLSearchParams(identified).toString(),
    });
  }

  json(method: string, path: string, body?: unknown, bearer?: string): Promise<Answer> {
    return this.send(path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  async send(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text) };
  }

  private basic(): Form {
    if (this.client?.secret === undefined) return {};
    const credentials = [this.client.id, this.client.secret].map(encodeURIComponent).join(':');
    return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

let accounts = 0;
/** A fresh person, signed in. */
export async function signUp(
  url: string,
): Promise<{ email: string; password: string; accessToken: string; refreshToken: string; userId: string }> {
  const email = `person${++accounts}-${process.pid}@example.test`;
  const password = 'correct horse battery staple';
  const { status, body } = await new ProtocolClient(url).json('POST', '/auth/register', { email, password });
  if (status !== 201) throw new Error(`register answered ${status}: ${JSON.stringify(body)}`);
  return { email, password, accessToken: body.accessToken, refreshToken: body.refreshToken, userId: body.user?.id };
}
