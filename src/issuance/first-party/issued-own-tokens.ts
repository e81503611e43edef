import { Injectable } from '@nestjs/common';
import { IssuerAddress } from '../../identity/issuer-address.js';
import { OwnTokens } from '../../identity/own-tokens.js';
import { EntryType } from '../../protocol/entry-key.js';
import { Principal } from '../../validation/principal.js';
import { TokenReader } from '../tokens/token-reader.js';
import { FirstPartyClient } from './first-party-client.js';

/** The service's own routes look at the entry, whatever the guards elsewhere do. */
@Injectable()
export class IssuedOwnTokens extends OwnTokens {
  constructor(
    private readonly reader: TokenReader,
    private readonly firstParty: FirstPartyClient,
    private readonly address: IssuerAddress,
  ) {
    super();
  }

  override async verify(accessToken: string): Promise<Principal | undefined> {
    const token = await this.reader.read(accessToken);
    if (token?.type !== EntryType.accessToken || token.claims.client_id !== this.firstParty.id) return undefined;
    // RFC 9068 §4: whoever narrowed a token to an API (RFC 8707) hands that API no key to the person's account.
    if (![token.claims.aud].flat().includes(this.address.issuer)) return undefined;
    return Principal.fromClaims(token.claims);
  }
}
