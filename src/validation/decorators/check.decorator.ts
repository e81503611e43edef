import { SetMetadata } from '@nestjs/common';
import type { CheckChoice } from '../check-choice.js';
import { CHECK } from './route-requirements.js';

/**
 * Which check BearerGuard makes here, instead of the module's: on a handler before its class, there before the option `check`. It is made once for the
 * application, not for a request; what it needs and the application lacks is a fault at start.
 */
export const Check = (check: CheckChoice): ClassDecorator & MethodDecorator => SetMetadata(CHECK, check);
