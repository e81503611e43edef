import { SignJWT, type JWTHeaderParameters, type JWTPayload } from 'jose';
import type { SigningAlgorithm } from '../../../src/issuance/issuance.options.js';
import { KeyRing } from '../../../src/issuance/keys/key-ring.js';
import type { TestService } from '../../support/service-app.js';

export interface SignedTokenChanges {
  readonly algorithm?: SigningAlgorithm;
  readonly header?: Partial<JWTHeaderParameters>;
  readonly claims?: JWTPayload;
}

/** A JWT by the service's own key: an id token, unless changed into what the service would not sign. */
export async function signedByService(service: TestService, { algorithm = 'RS256', header, claims }: SignedTokenChanges): Promise<string> {
  const key = service.get(KeyRing).signing(algorithm);
  const now = Math.floor(service.clock.now().getTime() / 1000);
  return new SignJWT({ iss: service.issuer, iat: now, exp: now + 900, ...claims })
    .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'JWT', ...header } as JWTHeaderParameters)
    .sign(key.privateKey);
}
