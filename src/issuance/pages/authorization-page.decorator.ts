import { applyDecorators, Controller, UseFilters, UseGuards } from '@nestjs/common';
import { AuthorizationErrorFilter } from '../authorization/authorization-error.filter.js';
import { AuthorizationPageGuard } from './authorization-page.guard.js';

/** A controller of pages on the way from the authorization endpoint to a client. Its routes are `PageRoute`s. */
export const AuthorizationPage = (): ClassDecorator =>
  applyDecorators(Controller(), UseGuards(AuthorizationPageGuard), UseFilters(AuthorizationErrorFilter));
