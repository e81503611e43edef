import type { ResolvedValidationOptions } from '../validation.options.js';

type Credentials = Pick<ResolvedValidationOptions, 'clientId' | 'clientSecret' | 'clientAuthentication'>;

/** How the API's client proves itself: header or parameters to add to a form request (RFC 6749 §2.3.1). */
export function authenticate({ clientId = '', clientSecret = '', clientAuthentication }: Credentials): {
  readonly headers: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
} {
  if (clientAuthentication === 'client_secret_post') {
    return { headers: {}, parameters: { client_id: clientId, client_secret: clientSecret } };
  }
  const credentials = Buffer.from(`${formEncode(clientId)}:${formEncode(clientSecret)}`).toString('base64');
  return { headers: { authorization: `Basic ${credentials}` }, parameters: {} };
}

/** application/x-www-form-urlencoded, which RFC 6749 §2.3.1 wants inside Basic too. */
const formEncode = (value: string): string => new URLSearchParams([['', value]]).toString().slice(1);
