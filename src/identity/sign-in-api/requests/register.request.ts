import { LONGEST_EMAIL, LONGEST_PASSWORD } from '../../typed-text.js';
import { DisplayName } from './display-name.decorator.js';
import { MayBeAbsent } from './may-be-absent.decorator.js';
import { Text } from './text.decorator.js';

export class RegisterRequest {
  @Text(LONGEST_EMAIL)
  readonly email!: string;

  @Text(LONGEST_PASSWORD)
  readonly password!: string;

  @MayBeAbsent()
  @DisplayName()
  readonly displayName?: string;
}
