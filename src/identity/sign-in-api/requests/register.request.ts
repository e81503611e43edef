import { LONGEST_EMAIL, LONGEST_NAME, LONGEST_PASSWORD } from '../../typed-text.js';
import { MayBeAbsent } from './may-be-absent.decorator.js';
import { Text } from './text.decorator.js';

export class RegisterRequest {
  @Text(LONGEST_EMAIL)
  readonly email!: string;

  @Text(LONGEST_PASSWORD)
  readonly password!: string;

  @MayBeAbsent()
  @Text(LONGEST_NAME)
  readonly displayName?: string;
}
