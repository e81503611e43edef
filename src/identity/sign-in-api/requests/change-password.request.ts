import { LONGEST_PASSWORD, Text } from './text.decorator.js';

export class ChangePasswordRequest {
  @Text(LONGEST_PASSWORD)
  readonly currentPassword!: string;

  @Text(LONGEST_PASSWORD)
  readonly newPassword!: string;
}
