import { exportJWK, generateKeyPair, jwtVerify, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

export interface SigningOptions {
  /** Of the header: `at+jwt`, `logout+jwt`. */
  readonly typ?: string;
  /** Signs with a key that is not in the key set, under the name of one that is. */
  readonly forged?: boolean;
}

/** The keys of the provider, the newest first. It signs with that one. */
export class SigningKeys {
  private keys: readonly SigningKey[];
  private made = 1;
  /** Of forgeries. Made when one is wanted: an RSA key takes a while. */
  private stranger: Promise<SigningKey> | undefined;

  private constructor(
    readonly algorithm: string,
    first: SigningKey,
  ) {
    this.keys = [first];
  }

  static async create(algorithm: string): Promise<SigningKeys> {
    return new SigningKeys(algorithm, await newKey(algorithm, 'key-1'));
  }

  /** A new key signs from now on. The older ones stay published, or leave the key set at once. */
  async rotate(keepOld: boolean): Promise<void> {
    const key = await newKey(this.algorithm, `key-${++this.made}`);
    this.keys = [key, ...(keepOld ? this.keys : [])];
  }

  /** RFC 7517 §5. */
  published(): { readonly keys: readonly JWK[] } {
    return { keys: this.keys.map(({ jwk, kid }) => ({ ...jwk, kid, alg: this.algorithm, use: 'sig' })) };
  }

  async sign(claims: JWTPayload, { typ = 'JWT', forged = false }: SigningOptions = {}): Promise<string> {
    const [key] = this.keys;
    if (key === undefined) throw new Error('There is no key to sign with.');
    const header = { alg: this.algorithm, kid: key.kid, typ };
    const { privateKey } = forged ? await (this.stranger ??= newKey(this.algorithm, 'stranger')) : key;
    return new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
  }

  /** The claims of a token of ours, expired or not. Undefined: it is none. */
  async read(token: string): Promise<JWTPayload | undefined> {
    for (const { publicKey } of this.keys) {
      const verified = await jwtVerify(token, publicKey, { currentDate: new Date(0) }).catch(() => undefined);
      if (verified) return verified.payload;
    }
    return undefined;
  }
}

async function newKey(algorithm: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return { kid, privateKey, publicKey, jwk: await exportJWK(publicKey) };
}
