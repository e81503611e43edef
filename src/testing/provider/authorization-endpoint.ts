import type { Parameters } from '../../protocol/form.js';
import { isCodeChallenge } from '../../protocol/pkce.js';
import { ENDPOINT_PATHS, errorAnswer, escaped, page, redirect, type Answer, type ProviderRequest } from './endpoint.js';
import type { Person } from './faulty-provider.options.js';
import type { World } from './world.js';

/** Sent back by the form of an interactive sign-in. */
const CONFIRMED = 'confirmed';

/** Signs the configured person in at once. OpenID Connect Core §3.1.2; RFC 9207 §2: every answer says `iss`. */
export function authorizationEndpoint({ method, parameters }: ProviderRequest, world: World): Answer {
  const client = world.clients.get(parameters.get('client_id') ?? '');
  const redirectUri = parameters.get('redirect_uri') ?? '';
  // RFC 6749 §4.1.2.1: before these two are proven, nobody is sent anywhere.
  if (client === undefined) return errorAnswer('invalid_client', 400, 'There is no such client.');
  if (!client.redirectUris?.includes(redirectUri)) return errorAnswer('invalid_request', 400, 'The redirect URI is not registered.');
  const back = (answer: Readonly<Record<string, string | undefined>>) =>
    redirect(redirectUri, { ...answer, state: parameters.get('state'), iss: world.issuer });

  const fault = faultOf(parameters);
  if (fault !== undefined) return back({ error: fault[0], error_description: fault[1] });
  if (world.settings.interactive && (method !== 'POST' || parameters.get(CONFIRMED) === undefined)) {
    return parameters.get('prompt') === 'none' ? back({ error: 'interaction_required' }) : signInForm(parameters, world.issuer);
  }
  const denial = world.denial ?? (world.person === undefined ? 'login_required' : undefined);
  world.denial = undefined;
  if (denial !== undefined || world.person === undefined) return back({ error: denial });
  return back({ code: begin(parameters, client.id, world, world.person) });
}

/** This provider insists on PKCE by S256 and, for id tokens, on a nonce: an app that forgets one is to notice. */
function faultOf(parameters: Parameters): readonly [string, string] | undefined {
  if (parameters.get('response_type') !== 'code') return ['unsupported_response_type', 'Only code is supported.'];
  if (parameters.get('code_challenge_method') !== 'S256') return ['invalid_request', 'PKCE by S256 is missing (RFC 7636 §4.3).'];
  if (!isCodeChallenge(parameters.get('code_challenge') ?? '')) return ['invalid_request', 'code_challenge is missing or malformed.'];
  if (!parameters.get('state')) return ['invalid_request', 'state is missing.'];
  return isOpenId(parameters) && !parameters.get('nonce') ? ['invalid_request', 'nonce is missing.'] : undefined;
}

const isOpenId = (parameters: Parameters): boolean => (parameters.get('scope') ?? '').split(' ').includes('openid');

const begin = (parameters: Parameters, client: string, world: World, person: Person): string =>
  world.grants.begin({
    client,
    sub: person.sub,
    claims: person.claims ?? {},
    scope: parameters.get('scope') ?? '',
    resources: parameters.all('resource'),
    nonce: parameters.get('nonce'),
    redirectUri: parameters.require('redirect_uri'),
    codeChallenge: parameters.require('code_challenge'),
    time: world.now(),
  });

/** What the app asked comes along in the form, so that nothing need be remembered. */
function signInForm(parameters: Parameters, issuer: string): Answer {
  const names = [
    'client_id',
    'redirect_uri',
    'response_type',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
    'resource',
  ];
  const fields = [...names.flatMap((name) => parameters.all(name).map((value) => [name, value] as const)), [CONFIRMED, 'yes'] as const];
  const inputs = fields.map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`).join('');
  const action = escaped(issuer + ENDPOINT_PATHS.authorize);
  return page(`<form method="post" action="${action}">${inputs}<button>Sign in</button></form>`);
}
