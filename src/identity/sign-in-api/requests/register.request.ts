import { IsOptional } from 'class-validator';
import { LONGEST_EMAIL, LONGEST_PASSWORD, Text } from './text.decorator.js';

export class RegisterRequest {
  @Text(LONGEST_EMAIL)
  readonly email!: string;

  @Text(LONGEST_PASSWORD)
  readonly password!: string;

  @IsOptional()
  @Text(100)
  readonly displayName?: string;
}
