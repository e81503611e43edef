import { parseForm, type Parameters } from '../../protocol/form.js';
import { invalidRequest, OAuthError } from '../../protocol/oauth-error.js';
import { isCodeChallenge } from '../../protocol/pkce.js';
import { PROMPTS, RESPONSE_MODES, type Prompt, type ResponseMode } from './authorization-request.js';

/** Bytes of a request as it was sent. */
const LARGEST_REQUEST = 8_192;
/** Bytes of parameters that are kept or come back. */
const LARGEST = { state: 2_048, nonce: 512, login_hint: 256 } as const;
const MOST_LOCALES = 10;

/**
 * The parameters of an authorization request. What is refused here is too malformed to say who sent it.
 * @throws OAuthError invalid_request: too large, not UTF-8, broken percent-encoding, a repeated parameter, a NUL character
 */
export function requestParameters(raw: Buffer): Parameters {
  if (raw.length > LARGEST_REQUEST) throw invalidRequest('The request is too large.');
  const parameters = parseForm(raw);
  for (const [name, most] of Object.entries(LARGEST)) {
    if (Buffer.byteLength(parameters.get(name) ?? '') > most) throw invalidRequest(`The parameter ${name} is too large.`);
  }
  return parameters;
}

/** Parameters that would say everything in another way. OpenID Connect Core §3.1.2.6 and §6 @throws OAuthError */
export function refuseUnsupported(parameters: Parameters): void {
  if (parameters.get('request') !== undefined)
    throw new OAuthError({ code: 'request_not_supported', description: 'Request objects are not supported.' });
  if (parameters.get('request_uri') !== undefined)
    throw new OAuthError({ code: 'request_uri_not_supported', description: 'Only request URIs of pushed requests are supported.' });
  if (parameters.get('registration') !== undefined)
    throw new OAuthError({ code: 'registration_not_supported', description: 'The parameter registration is not supported.' });
}

/** Codes are all there is. @throws OAuthError invalid_request, unsupported_response_type */
export function requireResponseType(parameters: Parameters): void {
  if (parameters.require('response_type') !== 'code')
    throw new OAuthError({ code: 'unsupported_response_type', description: 'Use the response type code.' });
}

/** Undefined: an unknown one. */
export function responseMode(parameters: Parameters): ResponseMode | undefined {
  const mode = parameters.get('response_mode') ?? 'query';
  return RESPONSE_MODES.find((known) => known === mode);
}

/** @throws OAuthError invalid_request: an unknown one, or others beside `none` */
export function prompts(parameters: Parameters): Prompt[] {
  const words = wordsOf(parameters.get('prompt'));
  if (!words.every(isPrompt)) throw invalidRequest('A value of prompt is unknown.');
  if (words.includes('none') && words.length > 1) throw invalidRequest('prompt is none and something else.');
  return words;
}

/** Seconds. @throws OAuthError invalid_request */
export function maxAge(parameters: Parameters): number | undefined {
  const text = parameters.get('max_age');
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalidRequest('max_age must be a whole number of seconds.');
  return Number(text);
}

/** RFC 7636 §4.3; S256 only. @throws OAuthError invalid_request */
export function codeChallenge(parameters: Parameters, required: boolean): string | undefined {
  const challenge = parameters.get('code_challenge');
  const method = parameters.get('code_challenge_method');
  if (challenge === undefined) {
    if (required) throw invalidRequest('The parameter code_challenge is missing.'); // RFC 7636 §4.4.1
    if (method !== undefined) throw invalidRequest('code_challenge_method comes without code_challenge.');
    return undefined;
  }
  if (method !== 'S256') throw invalidRequest('code_challenge_method must be S256.'); // §4.3: left out, it would be plain
  if (!isCodeChallenge(challenge)) throw invalidRequest('code_challenge is not the S256 of anything.');
  return challenge;
}

/** Languages in order of preference; what is none is left out, since this is a wish. */
export const uiLocales = (parameters: Parameters): string[] =>
  wordsOf(parameters.get('ui_locales'))
    .filter((word) => /^[A-Za-z0-9-]{2,35}$/.test(word))
    .slice(0, MOST_LOCALES);

const wordsOf = (text: string | undefined): string[] => [...new Set((text ?? '').split(' ').filter((word) => word !== ''))];

const isPrompt = (word: string): word is Prompt => PROMPTS.some((known) => known === word);
