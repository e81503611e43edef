import { MayBeAbsent } from './may-be-absent.decorator.js';
import { LONGEST_EMAIL, LONGEST_PASSWORD, Text } from './text.decorator.js';

export class RegisterRequest {
  @Text(LONGEST_EMAIL)
  readonly email!: string;

  @Text(LONGEST_PASSWORD)
  readonly password!: string;

  @MayBeAbsent()
  @Text(100)
  readonly displayName?: string;
}
