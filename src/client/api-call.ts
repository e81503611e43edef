import type { ApiAddresses } from './addresses.js';
import type { Fetch } from './platform.js';

type Input = Parameters<Fetch>[0];
type Init = NonNullable<Parameters<Fetch>[1]>;

/** By their names: a class from another realm or another copy of a library is as good. */
const SENT_AGAIN = ['URLSearchParams', 'FormData', 'Blob', 'File', 'ArrayBuffer', 'SharedArrayBuffer'];

const isRequest = (input: Input): input is Request => typeof input === 'object' && 'clone' in input;

/** One call of an API, that can be made once or, if its body allows, twice. */
export class ApiCall {
  readonly signal: AbortSignal | undefined;
  readonly canBeRepeated: boolean;
  private readonly input: string | Request;

  /** @throws TypeError when the token must not be sent there, or the caller sends credentials of its own */
  constructor(
    input: Input,
    private readonly init: Init = {},
    apis: ApiAddresses,
  ) {
    const own = isRequest(input) ? input : undefined;
    const address = apis.check(own ? own.url : String(input)).href;
    this.input = own ?? address;
    for (const headers of [own?.headers, init.headers]) {
      if (new Headers(headers).has('authorization')) throw new TypeError('The call has an Authorization header already.');
    }
    this.signal = (init.signal === undefined ? own?.signal : init.signal) ?? undefined;
    this.canBeRepeated = init.body === undefined || init.body === null || isSentAgain(init.body);
  }

  send(fetch: Fetch, accessToken: string, last: boolean): ReturnType<Fetch> {
    const own = typeof this.input === 'string' ? undefined : this.input;
    const headers = new Headers(this.init.headers ?? own?.headers);
    headers.set('authorization', `Bearer ${accessToken}`);
    // Followed, a redirect could take the token, and what the app sends, out of `apis`, and nobody could look at where to.
    const redirect = (this.init.redirect ?? own?.redirect) === 'manual' ? 'manual' : 'error';
    const input = own && !last && this.init.body === undefined ? own.clone() : this.input;
    return fetch(input as Input, { ...this.init, headers, redirect });
  }
}

function isSentAgain(body: unknown): boolean {
  return typeof body === 'string' || ArrayBuffer.isView(body) || SENT_AGAIN.includes(Object.prototype.toString.call(body).slice(8, -1));
}
