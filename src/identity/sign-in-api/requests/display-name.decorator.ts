import { applyDecorators } from '@nestjs/common';
import { IsString, ValidateBy } from 'class-validator';
import { isDisplayName } from '../../accounts/display-name.js';

/** A name, or a blank text that stands for none. */
export const DisplayName = (): PropertyDecorator =>
  applyDecorators(
    IsString({ message: 'It must be a string.' }),
    ValidateBy(
      { name: 'displayName', validator: { validate: (value) => typeof value !== 'string' || isDisplayName(value) } },
      { message: 'It is too long, or holds characters that are not allowed.' },
    ),
  );
