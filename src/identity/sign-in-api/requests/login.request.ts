import { LONGEST_EMAIL, LONGEST_PASSWORD, Text } from './text.decorator.js';

export class LoginRequest {
  @Text(LONGEST_EMAIL)
  readonly email!: string;

  @Text(LONGEST_PASSWORD)
  readonly password!: string;
}
