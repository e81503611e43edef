import { randomUUID } from 'node:crypto';
import { seconds } from './minting.js';
import type { SigningOptions } from './signing-keys.js';
import type { World } from './world.js';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** Seconds. Back-Channel Logout 1.0 §2.4 recommends two minutes at most. */
const LIFETIME = 120;

/** Claims of a logout token instead of the usual ones. Undefined takes one out. */
export interface LogoutClaims {
  readonly sub?: string | undefined;
  readonly sid?: string | undefined;
  readonly aud?: string | readonly string[] | undefined;
  readonly [claim: string]: unknown;
}

/** OpenID Connect Back-Channel Logout 1.0 §2.4. Without a sub and a sid, of whoever signed in last. */
export function logoutToken(world: World, claims: LogoutClaims, options: SigningOptions): Promise<string> {
  const latest = world.grants.signIns.at(-1);
  const [first] = world.clients.keys();
  const whose = 'sub' in claims || 'sid' in claims || latest === undefined ? {} : { sub: latest.sub, sid: latest.sid };
  const now = seconds(world.now());
  return world.keys.sign(
    {
      iss: world.issuer,
      aud: latest?.client ?? first,
      iat: now,
      exp: now + LIFETIME,
      jti: randomUUID(),
      events: { [EVENT]: {} },
      ...whose,
      ...(claims as Readonly<Record<string, string>>),
    },
    { typ: 'logout+jwt', ...options },
  );
}
