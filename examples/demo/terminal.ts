import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly token?: string;
  readonly body?: Readonly<Record<string, string>>;
}

export interface CallAnswer {
  readonly status: number;
  readonly challenge: string | undefined;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON of whoever was asked; the story looks into it as a client would
  readonly body: any;
}

/** Sends requests and prints them as `curl` lines, and the answers below; of tokens and passwords only so much that one can tell them apart. */
export class Terminal {
  private step = 0;

  say(text: string): void {
    console.log(`\n${++this.step}. ${text}`);
  }

  /** A remark on what was just seen. */
  note(text: string): void {
    console.log(`   → ${text}`);
  }

  /** @throws AssertionError for another status */
  async call({ method = 'GET', url, token, body }: Call, expectedStatus: number): Promise<CallAnswer> {
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body && { 'content-type': 'application/json' }),
    };
    const content = body && JSON.stringify(body);
    const parts = [
      'curl',
      ...(method === 'GET' || (method === 'POST' && content !== undefined) ? [] : [`-X ${method}`]),
      url,
      ...Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`),
      ...(content === undefined ? [] : [`-d '${content}'`]),
    ];
    console.log(`   $ ${shortened(parts.join(' '))}`);
    const response = await fetch(url, { method, headers, ...(content !== undefined && { body: content }) });
    const text = await response.text();
    const challenge = response.headers.get('www-authenticate') ?? undefined;
    console.log(`     ${response.status} ${STATUS_CODES[response.status] ?? ''}`);
    if (challenge !== undefined) console.log(`     WWW-Authenticate: ${challenge}`);
    if (text !== '') console.log(`     ${shortened(text)}`);
    assert.equal(response.status, expectedStatus, `${method} ${url} answered ${response.status}, not ${expectedStatus}`);
    return { status: response.status, challenge, body: text === '' ? undefined : JSON.parse(text) };
  }
}

const shortened = (text: string): string =>
  text
    .replace(/[\w-]{30,}(?:\.[\w-]*)*/g, (token) => (isUuid(token) ? token : abbreviated(token)))
    .replace(/("[\w]*password":")[^"]*/gi, '$1…');

/** Tokens: their kind in front, the end as what tells them apart. */
export const abbreviated = (token: string): string => `${token.slice(0, 6)}…${token.slice(-6)}`;

const isUuid = (text: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
