import { Injectable } from '@nestjs/common';
import { Clock } from '../../protocol/clock.js';
import { EntryType } from '../../protocol/entry-key.js';
import { constantTimeEqual, tokenHash } from '../../protocol/hashing.js';
import { OAuthError } from '../../protocol/oauth-error.js';
import { provesChallenge } from '../../protocol/pkce.js';
import { openPayload } from '../../protocol/sealed-payload.js';
import { parseToken, type ReferenceToken } from '../../protocol/token-string.js';
import type { GrantRecord } from '../../storage/authorization.store.js';
import type { ClientRecord } from '../../storage/client.store.js';
import { RevocationStore } from '../../storage/revocation.store.js';
import { TokenEntryStore } from '../../storage/token-entry.store.js';
import { IssuanceEvents } from '../issuance-events.js';
import type { AuthorizationCodeContent } from './authorization-code-content.js';

/** A code and what came along to prove that its bearer is the one it was issued to. */
export interface PresentedCode {
  readonly code: string;
  readonly redirectUri?: string;
  readonly codeVerifier?: string;
}

/** A code of this client that was not redeemed yet. Whether it has expired or was revoked, redeeming it will tell. */
export interface ProvenCode {
  readonly presented: ReferenceToken;
  readonly grant: GrantRecord;
  readonly nonce?: string;
}

/** Tells whose code it is, before anything is done with it: a stranger's or a faulty attempt spends and revokes nothing. */
@Injectable()
export class PresentedCodes {
  constructor(
    private readonly entries: TokenEntryStore,
    private readonly revocation: RevocationStore,
    private readonly events: IssuanceEvents,
    private readonly clock: Clock,
  ) {}

  /** @throws OAuthError invalid_grant, the same whatever is wrong; StorageUnavailableError */
  async prove(client: ClientRecord, sent: PresentedCode): Promise<ProvenCode> {
    const presented = parseToken(sent.code);
    if (presented?.key.type !== EntryType.authorizationCode) throw codeRefused();
    const record = await this.entries.find(presented.key, this.clock.now());
    const hash = tokenHash(presented);
    if (!record?.grant || !record.hash || !record.payload || !constantTimeEqual(record.hash, hash)) throw codeRefused();
    const { grant } = record;
    const content = openPayload(presented, record.payload) as AuthorizationCodeContent | undefined;
    if (!content || grant.client !== client.id || !isBoundTo(content, sent)) throw codeRefused();
    // Redeemed before, and by nobody but this client: its tokens may be in a thief's hands. Also when the code has expired meanwhile, which is why
    // the generation tells and not the status.
    if (grant.generation > presented.key.number) {
      const ended = await this.revocation.revokeFamily(presented.key, hash, client.id, this.clock.now());
      if (ended) this.events.emit('code.replay', { authorizationId: grant.authorizationId, client: client.id, subject: grant.subject });
      throw codeRefused();
    }
    return { presented, grant, ...(content.nonce !== undefined && { nonce: content.nonce }) };
  }
}

/** Whoever guesses at codes learns nothing from how they were refused. */
export const codeRefused = (): OAuthError =>
  new OAuthError({
    code: 'invalid_grant',
    description: 'The authorization code is not valid, or not with this redirect URI and code verifier.',
  });

function isBoundTo(content: AuthorizationCodeContent, { redirectUri, codeVerifier }: PresentedCode): boolean {
  // RFC 6749 §4.1.3: as it was in the request; it may be missing only where it was missing there.
  if (redirectUri === undefined ? !content.redirectUriOmitted : redirectUri !== content.redirectUri) return false;
  // RFC 9700 §4.8.2: a verifier without a challenge shows that somebody took the challenge away.
  if (content.codeChallenge === undefined || codeVerifier === undefined) return content.codeChallenge === codeVerifier;
  return provesChallenge(codeVerifier, content.codeChallenge);
}
