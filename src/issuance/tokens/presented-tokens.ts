import { Injectable } from '@nestjs/common';
import { EntryType, type EntryKey } from '../../protocol/entry-key.js';
import { parseToken, type ReferenceToken } from '../../protocol/token-string.js';
import { AccessJwt, type VerifiedAccessJwt } from './access-jwt.js';
import { RefreshEnvelope, type RefreshEnvelopeContent } from './refresh-envelope.js';

/**
 * A token of any kind and format that somebody sent. Of our form, and of our making where that can be told without the database. A self-contained one
 * stands for the reference in it.
 */
export type PresentedToken =
  | { readonly form: 'reference' | 'self-contained'; readonly key: EntryKey; readonly reference: ReferenceToken }
  | { readonly form: 'jwt'; readonly key: EntryKey; readonly jwt: VerifiedAccessJwt };

/** Recognises what is presented, whatever formats are issued at the moment: after a toggle the tokens that are out keep working. */
@Injectable()
export class PresentedTokens {
  constructor(
    private readonly accessJwt: AccessJwt,
    private readonly envelope: RefreshEnvelope,
  ) {}

  /** Undefined: not ours. @throws StorageUnavailableError */
  async recognise(token: string): Promise<PresentedToken | undefined> {
    const reference = parseToken(token);
    if (reference) return { form: 'reference', key: reference.key, reference };
    const enclosed = enclosedReference(await this.envelope.open(token));
    if (enclosed) return { form: 'self-contained', key: enclosed.key, reference: enclosed };
    const jwt = await this.accessJwt.verify(token);
    return jwt && { form: 'jwt', key: jwt.key, jwt };
  }

  /** A refresh token in either format; its content when it was issued without storage. @throws StorageUnavailableError */
  async refreshToken(token: string): Promise<ReferenceToken | RefreshEnvelopeContent | undefined> {
    const reference = parseToken(token);
    if (reference) return reference.key.type === EntryType.refreshToken ? reference : undefined;
    const content = await this.envelope.open(token);
    return enclosedReference(content) ?? content;
  }
}

function enclosedReference(content: RefreshEnvelopeContent | undefined): ReferenceToken | undefined {
  const reference = content?.ref === undefined ? undefined : parseToken(content.ref);
  return reference?.key.type === EntryType.refreshToken ? reference : undefined;
}
