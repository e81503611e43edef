import { isScopeToken } from '../../protocol/scope.js';
import { adding, SCOPES } from './route-requirements.js';

/**
 * The token must have all of these scopes, and those its class or the decorator's other uses on the place name. Else 403 `insufficient_scope`
 * with the whole list in the challenge (RFC 6750 §3.1). Needs BearerGuard on the route.
 * @throws TypeError for no scope, or one that is no scope token (RFC 6749 §3.3)
 */
export function RequireScopes(...scopes: [string, ...string[]]): ClassDecorator & MethodDecorator {
  if (scopes.length === 0 || !scopes.every(isScopeToken)) {
    throw new TypeError('RequireScopes: name at least one scope, each by itself.');
  }
  return adding(SCOPES, scopes);
}
