import { FEED_SCOPE } from '../../../protocol/scope.js';
import { authenticate } from '../../introspection/client-authentication.js';
import type { IssuerMetadata } from '../../issuer/issuer-metadata.js';
import type { ResolvedValidationOptions } from '../../validation.options.js';
import type { Answer, Connections } from './connections.js';
import { FollowFailure } from './follow-failure.js';
import { readText } from './read-text.js';
import { retryAfter } from './retry-after.js';

const PATIENCE = { head: 2_000, body: 5_000 };
const LARGEST_ANSWER = 64 * 1024;
/** Of its life, when another one is asked for: a stream ends with the token it was opened with. */
const RENEWED_AFTER = 0.8;
/** Milliseconds between two attempts while the one that is held is good. */
const RENEWAL_PAUSE = 5_000;
/** Seconds, where the service does not say (RFC 6749 §5.1). */
const UNKNOWN_LIFE = 300;

interface HeldToken {
  readonly value: string;
  /** Both on the monotonic clock. */
  readonly endsAt: number;
  renewAt: number;
}

/** The access token the feed is read with: by client_credentials (RFC 6749 §4.4), in memory only. */
export class FeedToken {
  private held: HeldToken | undefined;
  private asking: Promise<HeldToken> | undefined;

  constructor(
    private readonly options: Pick<ResolvedValidationOptions, 'clientId' | 'clientSecret' | 'clientAuthentication'>,
    private readonly metadata: IssuerMetadata,
    private readonly connections: Connections,
  ) {}

  /** @throws FollowFailure, CheckUnavailableError */
  async get(stopped: AbortSignal): Promise<string> {
    if (!this.held || performance.now() >= this.held.endsAt) return (await this.renew(stopped)).value;
    this.renewInTime(stopped);
    return this.held.value;
  }

  /** Asks for another one when the end of the held one is near. Nobody waits for it: what is held is good a while longer. */
  renewInTime(stopped: AbortSignal): void {
    const now = performance.now();
    if (!this.held || now < this.held.renewAt) return;
    this.held.renewAt = now + RENEWAL_PAUSE;
    void this.renew(stopped).catch(() => undefined);
  }

  forget(): void {
    this.held = undefined;
  }

  private renew(stopped: AbortSignal): Promise<HeldToken> {
    this.asking ??= this.ask(stopped)
      .then((token) => (this.held = token))
      .finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(stopped: AbortSignal): Promise<HeldToken> {
    const { tokenEndpoint } = await this.metadata.known();
    if (tokenEndpoint === undefined) throw new FollowFailure('the discovery document names no token_endpoint', 'change');
    const { headers, parameters } = authenticate(this.options);
    const answer = await this.connections.send(
      {
        url: new URL(tokenEndpoint),
        headers: { ...headers, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
        form: new URLSearchParams({ grant_type: 'client_credentials', scope: FEED_SCOPE, ...parameters }),
      },
      PATIENCE,
      stopped,
    );
    const body = parse(await readText(answer, LARGEST_ANSWER));
    if (answer.status !== 200) throw refusal(answer, body.error);
    return heldToken(body, answer.sent);
  }
}

function heldToken(body: Readonly<Record<string, unknown>>, sent: number): HeldToken {
  const { access_token: value, token_type: type, expires_in: life = UNKNOWN_LIFE, scope = FEED_SCOPE } = body;
  // RFC 6750 §2.1: what may stand in the header.
  if (typeof value !== 'string' || !/^[\w.~+/-]+=*$/.test(value)) throw new FollowFailure('the token endpoint answers without a token');
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') throw new FollowFailure('the token is no bearer token');
  if (typeof life !== 'number' || !(life > 0)) throw new FollowFailure('the token has no life');
  // RFC 6749 §3.3: the service may give less than was asked for.
  if (!String(scope).split(' ').includes(FEED_SCOPE)) throw new FollowFailure(`the token lacks the scope; ${PERMIT}`, 'change');
  return { value, endsAt: sent + life * 1000, renewAt: sent + RENEWED_AFTER * life * 1000 };
}

const PERMIT = `permit the client to use client_credentials with the scope ${FEED_SCOPE}`;

/** RFC 6749 §5.2 */
function refusal({ status, headers }: Answer, error: unknown): FollowFailure {
  const said = `the token endpoint answers with status ${status}`;
  switch (error) {
    case 'invalid_client':
      return new FollowFailure(
        `${said} (invalid_client); correct the options clientId, clientSecret and clientAuthentication, or enable the client`,
        'change',
      );
    case 'invalid_scope':
    case 'unauthorized_client':
    case 'unsupported_grant_type':
      return new FollowFailure(`${said} (${error}); ${PERMIT}`, 'change');
  }
  if (status >= 300 && status < 400)
    return new FollowFailure(`${said}, and redirects are not followed; correct the option issuer`, 'change');
  return new FollowFailure(said, 'again', retryAfter(headers));
}

/** An error may come from somebody in between, in any form. */
function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
