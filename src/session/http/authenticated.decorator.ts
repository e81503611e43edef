import { applyDecorators, SetMetadata, UseFilters, UseGuards } from '@nestjs/common';
import { AUTHENTICATED, type AuthenticatedOptions } from './authenticated-options.js';
import { SessionErrorFilter } from './session-error.filter.js';
import { SessionGuard } from './session.guard.js';

/** A route, or all routes of a controller, for people who are signed in. */
export const Authenticated = (options: AuthenticatedOptions = {}): ClassDecorator & MethodDecorator =>
  // A filter of the application's for whatever is thrown would come before one of all routes.
  applyDecorators(SetMetadata(AUTHENTICATED, options), UseGuards(SessionGuard), UseFilters(SessionErrorFilter));
