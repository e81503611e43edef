import { IsOptional } from 'class-validator';
import { LONGEST_TOKEN, Text } from './text.decorator.js';

export class LogoutRequest {
  @IsOptional()
  @Text(LONGEST_TOKEN)
  readonly refreshToken?: string;
}
