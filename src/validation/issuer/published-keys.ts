import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { SparseLog } from '../sparse-log.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';
import { RevocationFeed } from '../feed/revocation-feed.js';
import { IssuerKeys, type KeySet, type VerificationKey } from './issuer-keys.js';
import { IssuerMetadata } from './issuer-metadata.js';
import { parseJwks } from './jwks.js';
import { RefreshedCopy } from './refreshed-copy.js';
import { requestJson, RequestFailedError } from './request-json.js';

/** The keys the issuer publishes at its `jwks_uri` (RFC 7517 §5). */
@Injectable()
export class PublishedKeys extends IssuerKeys {
  readonly #copy: RefreshedCopy<PublishedKeySet>;

  constructor(
    @Inject(VALIDATION_OPTIONS) private readonly options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) clock: Clock,
    private readonly metadata: IssuerMetadata,
    feed: RevocationFeed,
  ) {
    super();
    const policy = { maxAge: options.jwksMaxAge, lastGood: options.jwksLastGood, cooldown: options.jwksCooldown };
    const log = new SparseLog(new Logger(PublishedKeys.name), clock);
    this.#copy = new RefreshedCopy('JWKS', (previous) => this.#load(previous), policy, clock, log);
    // Another one signs from now on; and strangers may have used up the one look in a while by naming keys that nobody has.
    feed.keyRevoked.add(() => this.#copy.outdate());
  }

  override current(): Promise<KeySet> {
    return this.#copy.get();
  }

  override again(): Promise<KeySet> {
    return this.#copy.again();
  }

  async #load(previous: PublishedKeySet | undefined): Promise<PublishedKeySet> {
    const { jwksUri } = await this.metadata.get();
    if (jwksUri === undefined) throw new RequestFailedError('the discovery document names no jwks_uri');
    const { status, body } = await requestJson(jwksUri, this.options.requestTimeout);
    if (status !== 200) throw new RequestFailedError(`status ${status}`);
    const keys = parseJwks(body);
    if (!keys) throw new RequestFailedError('the answer is no JWK set');
    return new PublishedKeySet(keys, previous);
  }
}

class PublishedKeySet implements KeySet {
  readonly epoch: number;

  constructor(
    private readonly keys: ReadonlyMap<string, VerificationKey>,
    previous: PublishedKeySet | undefined,
  ) {
    const kept = previous === undefined || [...previous.keys.values()].every((old) => this.#holds(old));
    this.epoch = (previous?.epoch ?? 0) + (kept ? 0 : 1);
  }

  find(kid: string): VerificationKey | undefined {
    return this.keys.get(kid);
  }

  #holds(old: VerificationKey): boolean {
    const now = this.keys.get(old.kid);
    return now !== undefined && now.algorithm === old.algorithm && now.key.equals(old.key);
  }
}
