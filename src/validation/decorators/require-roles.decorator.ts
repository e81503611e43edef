import { adding, ROLES } from './route-requirements.js';

/**
 * The token's claim `roles` (RFC 9068 §2.2.3.1) must hold all of these, and those its class or the decorator's other uses on the place name. Else
 * 403. Machine tokens have no roles. Needs BearerGuard on the route.
 * @throws TypeError for no role, or an empty one
 */
export function RequireRoles(...roles: [string, ...string[]]): ClassDecorator & MethodDecorator {
  if (roles.length === 0 || roles.some((role) => typeof role !== 'string' || role === '')) {
    throw new TypeError('RequireRoles: name at least one role.');
  }
  return adding(ROLES, roles);
}
