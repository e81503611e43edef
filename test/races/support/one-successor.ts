import { decodeJwt, jwtVerify } from 'jose';
import { formatTokenId } from '../../../src/protocol/entry-key.js';
import { parseToken } from '../../../src/protocol/token-string.js';
import type { Answer, Form, ProtocolClient } from '../../support/protocol-client.js';
import { ISSUER } from '../../support/start-service-process.js';
import type { Stage } from './stage.js';

/** `racers` connections present one refresh token at once, in turn at either service. */
export const present = (
  clients: readonly [ProtocolClient, ProtocolClient],
  refreshToken: string,
  racers: number,
  form: (racer: number) => Form = () => ({}),
): Promise<Answer[]> =>
  Promise.all(Array.from({ length: racers }, (_, racer) => clients[racer % 2 === 0 ? 0 : 1].refresh(refreshToken, form(racer))));

/** The token id of an access token in either format. */
export function accessTokenId(token: string): string {
  const reference = parseToken(token);
  return reference ? formatTokenId(reference.key) : String(decodeJwt(token).jti);
}

/** What the database holds of a chain. */
export interface ChainRows {
  readonly entries: number;
  readonly links: number;
  readonly generation: number;
  readonly status: number;
  readonly logged: number;
}

export async function rowsOf(stage: Pick<Stage, 'query'>, authorizationId: string): Promise<ChainRows> {
  const [row] = await stage.query<ChainRows>(CHAIN_ROWS, [authorizationId]);
  if (!row) throw new Error('There is no such authorization.');
  return row;
}

/** All answers are usable, of one and the same rotation, and that is all that was written. Returns the successor. */
export async function expectOneSuccessor(
  stage: Stage,
  authorizationId: string,
  before: ChainRows,
  answers: readonly Answer[],
): Promise<string> {
  expect(answers.filter(({ status }) => status !== 200).map(({ status, body }) => [status, body.error])).toEqual([]);
  const [successor, ...others] = new Set(answers.map(({ body }) => String(body.refresh_token)));
  expect(others).toEqual([]);
  expect(new Set(answers.map(({ body }) => accessTokenId(body.access_token))).size).toBe(1);
  await Promise.all(answers.map(({ body }) => expectGenuine(stage, body.access_token)));
  for (const observer of stage.observers) expect((await observer.introspect(answers[0]?.body.access_token)).body.active).toBe(true);
  expect(await rowsOf(stage, authorizationId)).toEqual({
    entries: before.entries + 2,
    links: before.links + 1,
    generation: before.generation + 1,
    status: 1,
    logged: 0,
  });
  return successor ?? '';
}

async function expectGenuine(stage: Stage, token: string): Promise<void> {
  if (parseToken(token)) return; // the very string that is introspected
  await jwtVerify(token, stage.keys, { issuer: ISSUER, typ: 'at+jwt', currentDate: stage.clock.now() });
}

const CHAIN_ROWS = `
select (select count(*)::int from token_entry e where e.authorization_id = a.id) as entries,
       (select count(*)::int from token_entry e where e.authorization_id = a.id and e.type = 3) as links,
       a.generation::int, a.status,
       (select count(*)::int from revocation_log l where l.key = uuid_send(a.id)) as logged
from authorizations a where a.id = $1`;
