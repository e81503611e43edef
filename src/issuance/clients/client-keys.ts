import { Injectable, Logger } from '@nestjs/common';
import { createLocalJWKSet, errors, type CompactVerifyGetKey, type JSONWebKeySet } from 'jose';
import { Clock } from '../../protocol/clock.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { RefreshedCopy } from '../../validation/issuer/refreshed-copy.js';
import { requestJson, RequestFailedError } from '../../validation/issuer/request-json.js';
import { isSecureUrl } from '../../protocol/secure-url.js';
import { Recent } from '../../protocol/recent.js';
import { SparseLog } from '../../validation/sparse-log.js';

/** The key of a set that a JWS is signed with, by `kid` and `alg`. */
type KeyFinder = CompactVerifyGetKey;

/** Seconds. A forged `kid` makes us look again, but not more often than the cooldown, however many of them arrive. */
const POLICY = { maxAge: 600, lastGood: 86_400, cooldown: 10 };
const TIMEOUT = 5;
/** Bytes. */
const LARGEST_SET = 65_536;
const MOST_SETS = 1_000;

/** The public keys of clients (RFC 7591 §2): `jwks` as registered, or what they publish at their `jwks_uri`. */
@Injectable()
export class ClientKeys {
  private readonly registered = new WeakMap<object, KeyFinder>();
  private readonly published = new Recent<RefreshedCopy<KeyFinder>>(MOST_SETS);
  private readonly log: SparseLog;

  constructor(private readonly clock: Clock) {
    this.log = new SparseLog(new Logger(ClientKeys.name), clock);
  }

  /** @throws when the client has no keys; the finder throws when it has no such key, or its keys cannot be had. Both are for no one but the caller. */
  of({ id, jwks, jwksUri }: ClientRecord): KeyFinder {
    if (jwks) return this.registeredKeys(jwks as JSONWebKeySet);
    if (jwksUri === undefined) throw new Error('The client has no keys.');
    return this.publishedKeys(id, jwksUri);
  }

  /** Prepared once for each reading of the client's record. */
  private registeredKeys(jwks: JSONWebKeySet): KeyFinder {
    const finder = this.registered.get(jwks) ?? createLocalJWKSet(jwks);
    this.registered.set(jwks, finder);
    return finder;
  }

  private publishedKeys(client: string, uri: string): KeyFinder {
    const place = JSON.stringify([client, uri]);
    const copy = this.published.get(place) ?? new RefreshedCopy(`The JWK set of ${client}`, () => load(uri), POLICY, this.clock, this.log);
    this.published.set(place, copy);
    return async (header, token) => {
      const keys = await copy.get();
      try {
        return await keys(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
        return (await copy.again())(header, token);
      }
    };
  }
}

async function load(uri: string): Promise<KeyFinder> {
  if (!isSecureUrl(uri)) throw new RequestFailedError('its address is neither https nor on loopback');
  const { status, body } = await requestJson(uri, TIMEOUT, { largest: LARGEST_SET });
  if (status !== 200) throw new RequestFailedError(`status ${status}`);
  return createLocalJWKSet(body as JSONWebKeySet);
}
