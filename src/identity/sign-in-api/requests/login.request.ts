import { LONGEST_EMAIL, LONGEST_PASSWORD } from '../../typed-text.js';
import { Text } from './text.decorator.js';

export class LoginRequest {
  @Text(LONGEST_EMAIL)
  readonly email!: string;

  @Text(LONGEST_PASSWORD)
  readonly password!: string;
}
