import { MayBeAbsent } from './may-be-absent.decorator.js';
import { LONGEST_TOKEN, Text } from './text.decorator.js';

export class RefreshRequest {
  @Text(LONGEST_TOKEN)
  readonly refreshToken!: string;

  /** The access token of the same pair, expired or not. */
  @MayBeAbsent()
  @Text(LONGEST_TOKEN)
  readonly accessToken?: string;
}
