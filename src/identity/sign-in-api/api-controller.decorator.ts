import {
  applyDecorators,
  Controller,
  UseFilters,
  UseGuards,
  UsePipes,
  ValidationPipe,
  type CanActivate,
  type Type,
  type ValidationError,
} from '@nestjs/common';
import { AvailableRouteGuard } from './available-route.guard.js';
import { JsonBodyGuard } from './json-body.guard.js';
import { ProblemFilter } from './problem.filter.js';
import { Problem, type FieldFault } from './problem.js';

// Strict: what we do not know may be a misspelt security setting, so it is refused rather than dropped.
const strictBodies = new ValidationPipe({
  whitelist: true,
  forbidNonWhitelisted: true,
  transform: true,
  stopAtFirstError: true,
  validationError: { value: false },
  exceptionFactory: (errors: ValidationError[]) => new Problem('invalid-request', { errors: errors.map(toFault) }),
});

/** A controller of the sign-in API under `/auth`: JSON in, JSON or problem details out. `guards` run after its own. */
export const ApiController = (...guards: Type<CanActivate>[]): ClassDecorator =>
  applyDecorators(
    Controller('auth'),
    UseFilters(ProblemFilter),
    UseGuards(AvailableRouteGuard, JsonBodyGuard, ...guards),
    UsePipes(strictBodies),
  );

const toFault = ({ property, constraints = {} }: ValidationError): FieldFault => ({
  field: property.slice(0, 64),
  detail:
    'whitelistValidation' in constraints ? 'It is not known here.' : (Object.values(constraints)[0] ?? 'It is not of the right form.'),
});
