import { MayBeAbsent } from './may-be-absent.decorator.js';
import { LONGEST_TOKEN, Text } from './text.decorator.js';

export class LogoutRequest {
  @MayBeAbsent()
  @Text(LONGEST_TOKEN)
  readonly refreshToken?: string;
}
