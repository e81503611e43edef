import type { Clock } from '../../protocol/clock.js';
import type { RevocationLogStore } from '../../storage/revocation-log.store.js';
import type { IssuerMetadata } from '../issuer/issuer-metadata.js';
import type { ResolvedValidationOptions } from '../validation.options.js';
import type { FeedSource } from './feed-source.js';
import { HttpFollower } from './follower/http-follower.js';
import { LogTail } from './log-tail.js';

/** The database where the application has it, else the service over HTTP. Undefined: no check asks. */
export function chooseFeedSource(
  options: ResolvedValidationOptions,
  clock: Clock,
  log: RevocationLogStore | undefined,
  metadata: IssuerMetadata,
): FeedSource | undefined {
  if (!options.checks.has('feed')) return undefined;
  return log ? new LogTail(log, clock) : new HttpFollower(options, clock, metadata);
}
