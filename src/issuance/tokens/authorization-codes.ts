import { Inject, Injectable } from '@nestjs/common';
import type { BrowserSession } from '../../identity/browser/browser-sessions.js';
import { Clock } from '../../protocol/clock.js';
import { bucketOf, EntryType } from '../../protocol/entry-key.js';
import { tokenHash } from '../../protocol/hashing.js';
import { sealPayload } from '../../protocol/sealed-payload.js';
import { formatToken, newIdentifier, type ReferenceToken } from '../../protocol/token-string.js';
import { uuidv7 } from '../../protocol/uuid.js';
import { AuthorizationStore } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { ClientPolicy } from '../clients/client-policy.js';
import { ISSUANCE_OPTIONS } from '../issuance.tokens.js';
import type { ResolvedIssuanceOptions } from '../issuance.options.js';
import type { AuthorizationCodeContent } from './authorization-code-content.js';
import { endOf } from './lifetimes.js';
import { signInClaims } from './sign-in-claims.js';

/** What a person let a client do, in the browser of this session. */
export interface ApprovedAuthorization extends AuthorizationCodeContent {
  readonly client: ClientRecord;
  readonly session: BrowserSession;
  readonly scopes: readonly string[];
  /** Never empty: see ClientPolicy.audience. */
  readonly resources: readonly string[];
  /** Id of the pushed request; the grant spends it. */
  readonly pushedRequest?: string;
}

/** Authorization codes (RFC 6749 §4.1.2): each opens a grant and is link 0 of its chain. */
@Injectable()
export class AuthorizationCodes {
  constructor(
    private readonly policy: ClientPolicy,
    private readonly store: AuthorizationStore,
    private readonly clock: Clock,
    @Inject(ISSUANCE_OPTIONS) private readonly options: ResolvedIssuanceOptions,
  ) {}

  /**
   * Undefined, and nothing done: the session, the consent, the person, the client or the pushed request ended meanwhile.
   *
   * @throws StorageUnavailableError
   */
  async issue(approved: ApprovedAuthorization): Promise<string | undefined> {
    const { client, session, scopes, resources, pushedRequest, ...content } = approved;
    const settings = this.policy.settings(client);
    const now = this.clock.now();
    const authorizationId = uuidv7(now);
    const expiresAt = endOf(now, this.options.authorizationCodeLifetime);
    const code: ReferenceToken = {
      key: { bucket: bucketOf(expiresAt), authorizationId, type: EntryType.authorizationCode, number: 0n },
      identifier: newIdentifier(),
    };
    const opened = await this.store.start(
      {
        authorizationId,
        client: client.id,
        subject: session.subject,
        scopes,
        resources,
        claims: signInClaims(session, scopes),
        createdAt: now,
        expiresAt: endOf(now, settings.chainLifetime),
        formats: { referenceAccess: settings.referenceAccessTokens, selfContainedRefresh: !settings.referenceRefreshTokens },
        ...(session.account.credentialVersion !== undefined && { credentialVersion: session.account.credentialVersion }),
        approval: { sid: session.sid, consented: true, ...(pushedRequest !== undefined && { pushedRequest }) },
      },
      { key: code.key, expiresAt, hash: tokenHash(code), payload: sealPayload(code, contentOf(content)) },
      undefined,
    );
    return opened ? formatToken(code) : undefined;
  }
}

const contentOf = ({ redirectUri, redirectUriOmitted, codeChallenge, nonce }: AuthorizationCodeContent): AuthorizationCodeContent => ({
  redirectUri,
  ...(redirectUriOmitted && { redirectUriOmitted }),
  ...(codeChallenge !== undefined && { codeChallenge }),
  ...(nonce !== undefined && { nonce }),
});
