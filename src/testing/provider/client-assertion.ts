import { createPublicKey, verify } from 'node:crypto';
import { parsePart, splitCompactJws } from '../../protocol/compact-jws.js';
import type { Parameters } from '../../protocol/form.js';
import type { ProviderClient } from './faulty-provider.options.js';
import type { World } from './world.js';

/** RFC 7523 §2.2 */
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * The client that signed an assertion by its key: `private_key_jwt` (OpenID Connect Core §9). Each one is good once, and by the machine's own clock: apps
 * sign by theirs. Undefined: it is not good.
 */
export function clientOfAssertion(parameters: Parameters, { clients, assertions, issuer }: World): ProviderClient | undefined {
  const parts = parameters.get('client_assertion_type') === TYPE ? splitCompactJws(parameters.get('client_assertion') ?? '') : undefined;
  const claims = parsePart(parts?.payload ?? '');
  const client = clients.get(String(claims?.['sub']));
  if (!parts || !claims || !client?.publicKey) return undefined;
  const key = { key: createPublicKey({ key: client.publicKey, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
  const signed = Buffer.from(`${parts.header}.${parts.payload}`);
  const { iss, aud, exp, jti } = claims;
  const isGood =
    verify('sha256', signed, key, Buffer.from(parts.signature, 'base64url')) &&
    iss === client.id &&
    [aud].flat().some((audience) => typeof audience === 'string' && audience.startsWith(issuer)) &&
    typeof exp === 'number' &&
    exp * 1000 > Date.now() &&
    typeof jti === 'string' &&
    !assertions.has(jti);
  if (isGood) assertions.add(jti);
  return isGood ? client : undefined;
}
