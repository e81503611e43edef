import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../protocol/clock.js';
import { RevocationFeed } from '../feed/revocation-feed.js';
import { IntrospectionClient } from '../introspection/introspection-client.js';
import { VALIDATION_CLOCK } from '../validation-clock.js';
import { VALIDATION_OPTIONS, type ResolvedValidationOptions } from '../validation.options.js';
import { IntrospectionCheck } from './introspection.check.js';

/** For those who ask again by a rule of their own: an answer that is kept twice would grow older than it may. */
@Injectable()
export class UncachedIntrospectionCheck extends IntrospectionCheck {
  constructor(
    @Inject(VALIDATION_OPTIONS) options: ResolvedValidationOptions,
    @Inject(VALIDATION_CLOCK) clock: Clock,
    client: IntrospectionClient,
    feed: RevocationFeed,
  ) {
    super({ ...options, introspectionCache: 0 }, clock, client, feed);
  }
}
