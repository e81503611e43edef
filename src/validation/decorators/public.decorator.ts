import { SetMetadata } from '@nestjs/common';
import { PUBLIC } from './route-requirements.js';

/**
 * Lets everybody in where BearerGuard guards the class or the application. It wins over `@RequireScopes` and `@RequireRoles`, wherever they stand. A
 * token that comes along is not looked at, and `@CurrentPrincipal()` is undefined.
 */
export const Public = (): ClassDecorator & MethodDecorator => SetMetadata(PUBLIC, true);
