import { randomUUID } from 'node:crypto';
import { secret, type AccessTokenRecord, type Family, type SignIn } from './grants.js';
import type { World } from './world.js';

interface AccessTokenOf {
  readonly client: string;
  readonly scope: string;
  /** Undefined: the client itself. */
  readonly audience: readonly string[] | undefined;
  /** Undefined: nobody signed in, the app acts for itself. */
  readonly family: Family | undefined;
}

/** A JWT (RFC 9068 §2) or a reference, as set. */
export async function mintAccessToken(world: World, { client, scope, audience, family }: AccessTokenOf): Promise<string> {
  const { accessTokenFormat, accessTokenLifetime } = world.settings;
  const now = world.now();
  const record: AccessTokenRecord = {
    client,
    sub: family?.signIn.sub,
    scope,
    audience: audience === undefined ? client : ((audience[1] === undefined ? audience[0] : audience) ?? client),
    family: family?.id,
    generation: family?.generation,
    expiresAt: now + accessTokenLifetime * 1000,
    claims: family?.signIn.claims ?? {},
  };
  const token = accessTokenFormat === 'jwt' ? await signedAccessToken(world, record, now) : longEnough(secret('access'), world);
  // Whoever ended the family while this one was signed has ended it, too.
  if (!family?.ended) world.grants.accessTokens.set(token, record);
  return token;
}

/** OpenID Connect Core §2. */
export function mintIdToken(world: World, signIn: SignIn, more: Readonly<Record<string, unknown>>): Promise<string> {
  const now = seconds(world.now());
  return world.keys.sign({
    iss: world.issuer,
    sub: signIn.sub,
    aud: signIn.client,
    iat: now,
    exp: now + world.settings.idTokenLifetime,
    auth_time: seconds(signIn.time),
    ...(world.settings.sid && { sid: signIn.sid }),
    ...signIn.claims,
    ...world.settings.claims,
    ...more,
  });
}

export const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);

async function signedAccessToken(world: World, record: AccessTokenRecord, now: number): Promise<string> {
  const claims = {
    iss: world.issuer,
    sub: record.sub ?? record.client,
    aud: record.audience as string | string[],
    client_id: record.client,
    ...(record.scope !== '' && { scope: record.scope }),
    iat: seconds(now),
    exp: seconds(record.expiresAt),
    jti: randomUUID(),
  };
  const padding = world.settings.accessTokenSize === 0 ? {} : { padding: longEnough('', world) };
  return world.keys.sign({ ...claims, ...padding }, { typ: 'at+jwt' });
}

const longEnough = (text: string, { settings }: World): string => text.padEnd(settings.accessTokenSize, '.');
