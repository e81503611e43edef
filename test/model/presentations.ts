import { seconds } from '../../src/storage/reference-token-claims.js';
import { ISSUER } from '../support/service-app.js';
import {
  effective,
  judge,
  type Access,
  type Asked,
  type Chain,
  type Judge,
  type Link,
  type ModelClient,
  type Verdict,
} from './chain-model.js';
import type { Answer, World } from './world.js';

/** A genuine link, presented. */
export interface Presentation {
  readonly chain: Chain;
  readonly link: Link;
  readonly client: ModelClient;
  readonly asked: Asked;
  readonly at: 0 | 1;
}

/** How long a log row is kept: the longest access token and the largest tolerance. */
export const LOG_ROW_MS = (24 * 60 + 10) * 60_000;
const REFUSED = { invalid_grant: true, invalid_scope: true, invalid_target: true, reuse: true } as const;
export const isRefusal = (verdict: Verdict): verdict is keyof typeof REFUSED => verdict in REFUSED;

export function judgeOf(world: World, { client, at }: Pick<Presentation, 'client' | 'at'>, keptFrom: number): Judge {
  const { rotation, leeway } = world.settings(client, at);
  return { now: world.now(), rotation, leeway, keptFrom };
}

export const verdictOf = (world: World, shown: Presentation, keptFrom: number): Verdict =>
  judge(shown.chain, shown.link, shown.client, shown.asked, judgeOf(world, shown, keptFrom));

/** The ends a rotation of this client at this instance gives its tokens. */
export function plannedEnds(world: World, { client, at }: Pick<Presentation, 'client' | 'at'>): { headEnd: number; accessEnd: number } {
  const { refreshTokenLifetime, accessTokenLifetime } = world.settings(client, at);
  return { headEnd: endOf(world.now(), refreshTokenLifetime), accessEnd: endOf(world.now(), accessTokenLifetime) };
}

/** Holds the answer against the verdict, and takes its consequences over into the model. `raced`: others were under way at the same time. */
export async function settle(world: World, shown: Presentation, verdict: Verdict, answer: Answer, raced = false): Promise<void> {
  const { chain, link, client, asked, at } = shown;
  if (isRefusal(verdict)) {
    expectRefusal(shown, verdict, answer, raced);
    if (verdict === 'reuse') endFamily(chain, world.now());
    return;
  }
  // Its further access token takes a second statement; the family may have ended between the two.
  if (raced && verdict === 'retry, other parameters' && chain.revoked && answer.status !== 200) return;
  expect([verdict, answer.status, answer.body.error]).toEqual([verdict, 200, undefined]);
  const settings = world.settings(client, at);
  const wish = effective(chain, asked);
  if (verdict === 'further') {
    expect(answer.body.refresh_token).toBeUndefined();
    const { accessEnd } = plannedEnds(world, shown);
    const end = Math.min(accessEnd, chain.endsAt);
    chain.accesses.push(
      await newAccess(world, shown, answer, settings.referenceAccessTokens, link.generation, world.now(), end, accessEnd),
    );
    return;
  }
  if (verdict === 'won') {
    const { headEnd, accessEnd } = plannedEnds(world, shown);
    const formats = { referenceAccess: settings.referenceAccessTokens, selfContainedRefresh: !settings.referenceRefreshTokens };
    const end = Math.min(accessEnd, chain.endsAt);
    const access = await newAccess(world, shown, answer, formats.referenceAccess, link.generation + 1, world.now(), end, accessEnd);
    const token: string = answer.body.refresh_token;
    expect(token).toMatch(formats.selfContainedRefresh ? /^ey/ : /^cs_rt_/);
    const key = await world.linkKey(token);
    expect(key).toMatchObject({ authorizationId: chain.id, type: 3, number: BigInt(link.generation) + 1n });
    chain.links.push({ generation: link.generation + 1, token, key, expiresAt: headEnd });
    chain.accesses.push(access);
    chain.newestEnd = Math.max(chain.newestEnd, headEnd, accessEnd);
    chain.rotation = {
      rotatedAt: world.now(),
      refreshToken: token,
      headEnd,
      accessEnd,
      formats,
      effective: wish,
      accesses: new Map([[wish, access]]),
    };
    return;
  }
  // (I5) A retry: the same refresh token to the letter, and for the same wish the same access token; all of it dated back to the rotation.
  const rotation = chain.rotation;
  if (!rotation) throw new Error('a retry without a rotation');
  expect(answer.body.refresh_token).toBe(rotation.refreshToken);
  const end = Math.min(rotation.accessEnd, chain.endsAt);
  const dates = [rotation.rotatedAt, end, rotation.accessEnd] as const;
  const again = await readAccess(world, shown, answer, rotation.formats.referenceAccess, link.generation + 1, ...dates);
  const known = rotation.accesses.get(wish);
  if (known) {
    expect(again.jti).toBe(known.jti);
    if (rotation.formats.referenceAccess) expect(again.token).toBe(known.token);
    return;
  }
  expect(chain.accesses.map(({ jti }) => jti)).not.toContain(again.jti);
  rotation.accesses.set(wish, again);
  chain.accesses.push(again);
}

function expectRefusal({ client }: Presentation, verdict: Verdict, { status, body }: Answer, raced: boolean): void {
  // A disabled client is refused as such, or, while its record is some seconds old, by the statement. Many of them are told to wait.
  if (client.disabled) expect(['invalid_grant', 'invalid_client', 'too_many_requests']).toContain(body.error);
  // The reason is read after the refusal: by then another request may have ended the family.
  else if (raced && status === 400) expect(['invalid_grant', verdict]).toContain(body.error);
  else expect([verdict, status, body.error]).toEqual([verdict, 400, verdict === 'reuse' ? 'invalid_grant' : verdict]);
}

export function endFamily(chain: Chain, now: number): void {
  if (chain.revoked) return;
  chain.revoked = true;
  chain.logs.push(now + LOG_ROW_MS);
}

async function newAccess(world: World, shown: Presentation, answer: Answer, ...rest: AccessFacts): Promise<Access> {
  const access = await readAccess(world, shown, answer, ...rest);
  expect(shown.chain.accesses.map(({ jti }) => jti)).not.toContain(access.jti);
  return access;
}

type AccessFacts = [byReference: boolean, link: number, issuedAt: number, end: number, entryEnd: number];

async function readAccess(
  world: World,
  { chain, asked }: Presentation,
  { body }: Answer,
  ...[byReference, link, issuedAt, end, entryEnd]: AccessFacts
): Promise<Access> {
  const token: string = body.access_token;
  expect(token).toMatch(byReference ? /^cs_at_/ : /^ey/);
  expect(body.expires_in).toBe(Math.max(0, (end - Math.floor(world.now() / 1000) * 1000) / 1000));
  if (!asked.scopes) expect(body.scope).toBe(chain.scopes.join(' '));
  const { key, claims } = await world.accessClaims(token);
  expect(sorted(claims)).toEqual(sorted(expectedClaims(chain, asked, link, issuedAt, end, String(claims['jti']))));
  return { token, jti: String(claims['jti']), key, expiresAt: entryEnd, revoked: false };
}

export function expectedClaims(
  chain: Chain,
  asked: Asked,
  link: number,
  issuedAt: number,
  end: number,
  jti: string,
): Record<string, unknown> {
  return {
    ...chain.claims,
    iss: ISSUER,
    sub: chain.subject,
    client_id: chain.client.id,
    aud: asked.resources ?? chain.resources,
    scope: (asked.scopes ?? chain.scopes).join(' '),
    iat: seconds(new Date(issuedAt)),
    exp: seconds(new Date(end)),
    lnk: link,
    jti,
    ...(chain.sid !== undefined && { sid: chain.sid }),
  };
}

/** Neither scopes nor audiences have an order. */
export const sorted = (claims: Record<string, unknown>): Record<string, unknown> => ({
  ...claims,
  aud: [claims['aud']].flat().sort(),
  scope: String(claims['scope']).split(' ').sort(),
});

/** Ends are on whole seconds. */
export const endOf = (now: number, lifetime: number): number => (Math.floor(now / 1000) + lifetime) * 1000;
