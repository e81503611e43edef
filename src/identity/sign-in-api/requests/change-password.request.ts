import { LONGEST_PASSWORD } from '../../typed-text.js';
import { Text } from './text.decorator.js';

export class ChangePasswordRequest {
  @Text(LONGEST_PASSWORD)
  readonly currentPassword!: string;

  @Text(LONGEST_PASSWORD)
  readonly newPassword!: string;
}
