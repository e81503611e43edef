import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import type { Clock } from '../../src/protocol/clock.js';
import type { ClientBuilder } from './clients.js';
import type { Form } from './protocol-client.js';
import type { TestService } from './service-app.js';

type Service = Pick<TestService, 'get' | 'clock' | 'issuer'>;

/** Whom assertions are for, and by whose clock. */
interface Addressee {
  readonly issuer: string;
  readonly clock: Clock;
}

export interface ClientKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function clientKey(alg = 'ES256', kid: string = randomUUID()): Promise<ClientKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export const jwksOf = (...keys: readonly ClientKey[]): { readonly keys: readonly JWK[] } => ({
  keys: keys.map(({ publicJwk }) => publicJwk),
});

/** A client that signs its assertions (RFC 7523). */
export class AssertingClient {
  constructor(
    readonly id: string,
    private readonly key: ClientKey,
    private readonly service: Addressee,
  ) {}

  /** `jwks` other than that of the key: a JWKS URI. */
  static async register(
    builder: ClientBuilder,
    service: Service,
    { key, ...keys }: { readonly key?: ClientKey; readonly jwksUri?: string } = {},
  ): Promise<AssertingClient> {
    const own = key ?? (await clientKey());
    const registered = keys.jwksUri === undefined ? { jwks: jwksOf(own) } : { jwksUri: keys.jwksUri };
    const { id } = await builder.with({ authenticationMethod: 'private_key_jwt', ...registered }).register(service);
    return new AssertingClient(id, own, service);
  }

  /** The same client, signing with another key. */
  with(key: ClientKey): AssertingClient {
    return new AssertingClient(this.id, key, this.service);
  }

  /** Good, and for the issuer, but for what is changed; undefined takes a claim or header out. */
  sign(claims: Readonly<Record<string, unknown>> = {}, header: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const now = Math.floor(this.service.clock.now().getTime() / 1000);
    const good = { iss: this.id, sub: this.id, aud: this.service.issuer, jti: randomUUID(), iat: now, exp: now + 60 };
    return new SignJWT({ ...good, ...claims })
      .setProtectedHeader({ alg: this.key.alg, kid: this.key.kid, ...header })
      .sign(this.key.privateKey);
  }

  /** The parameters that authenticate it once. */
  async form(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<Form> {
    return asserted(await this.sign(claims, header));
  }
}

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** RFC 7521 §4.2. */
export const asserted = (assertion: string): Form => ({ client_assertion_type: ASSERTION_TYPE, client_assertion: assertion });
