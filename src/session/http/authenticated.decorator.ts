import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import { AUTHENTICATED, type AuthenticatedOptions } from './authenticated-options.js';
import { SessionGuard } from './session.guard.js';

/** A route, or all routes of a controller, for people who are signed in. */
export const Authenticated = (options: AuthenticatedOptions = {}): ClassDecorator & MethodDecorator =>
  applyDecorators(SetMetadata(AUTHENTICATED, options), UseGuards(SessionGuard));
