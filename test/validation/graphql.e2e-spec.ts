import { setTimeout as sleep } from 'node:timers/promises';
import { UseGuards } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { WebSocket } from 'ws';
import {
  BearerGuard,
  Check,
  CurrentPrincipal,
  EndsWithToken,
  OpenTokens,
  Principal,
  Public,
  RequireScopes,
  TokenCheck,
  ValidationModule,
} from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, SUBJECT } from './support/claims.js';
import { clockModule, startApi, type RunningApi } from './support/hosts.js';
import { ListedTokens } from './support/listed-tokens.js';

/** Sources of `beats` that were asked to end. */
let ended = 0;

@Resolver()
@UseGuards(BearerGuard)
class BooksResolver {
  @Query(() => String)
  who(@CurrentPrincipal() principal: Principal) {
    return principal.subject;
  }

  @Query(() => String)
  @RequireScopes('books:write')
  written() {
    return 'written';
  }

  @Query(() => Boolean)
  @Public()
  open(@CurrentPrincipal() principal: Principal | undefined) {
    return principal === undefined;
  }

  @Query(() => String)
  @Check('signature')
  signed() {
    return 'signed';
  }

  @Subscription(() => String)
  @EndsWithToken()
  async *beats(@CurrentPrincipal() principal: Principal) {
    try {
      for (let beat = 0; ; beat++) {
        yield { beats: `${beat} for ${principal.subject}` };
        await sleep(10);
      }
    } finally {
      ended++;
    }
  }

  @Subscription(() => String)
  @EndsWithToken()
  silence() {
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => Promise.resolve({ done: true, value: void ended++ }),
      }),
    };
  }
}

/** What a subscription says, in the protocol graphql-transport-ws. */
async function subscribe(url: string, query: string, parameters: object, headers = {}) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  const heard: { readonly type: string; readonly payload?: unknown }[] = [];
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString());
    heard.push(message);
    if (message.type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
  });
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  socket.send(JSON.stringify({ type: 'connection_init', payload: parameters }));
  return { heard, close: () => socket.close() };
}

describe('Resolvers of GraphQL (Mercurius)', () => {
  let api: RunningApi;
  let tokens: ListedTokens;
  const watched = () => api.app.get(OpenTokens, { strict: false }).size;
  const ask = async (query: string, token?: string) => {
    const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${api.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query: `{ ${query} }` }) });
    const { data, errors } = (await answer.json()) as { data: unknown; errors?: { message: string; extensions: unknown }[] };
    return { data, error: errors?.[0], challenge: answer.headers.get('www-authenticate') };
  };
  /** Asks again and again; the time-out of the test is the bound. */
  const until = async (holds: () => boolean) => {
    while (!holds()) await sleep(10);
  };

  beforeAll(async () => {
    const graphql = GraphQLModule.forRoot<MercuriusDriverConfig>({ driver: MercuriusDriver, autoSchemaFile: true, subscription: true });
    const validation = ValidationModule.forRoot({ issuer: 'https://id.example.com', audience: AUDIENCE, check: ListedTokens });
    const imports = [clockModule(new TestClock()), graphql, validation];
    api = await startApi('Fastify', { imports, providers: [BooksResolver, BearerGuard] });
    tokens = api.app.get(TokenCheck, { strict: false }) as ListedTokens;
  });
  afterAll(() => api?.close());

  it('know who asks, each by its own rules', async () => {
    const token = tokens.issue();
    expect(await ask('who open', token)).toEqual({ data: { who: SUBJECT, open: true }, challenge: null });
    expect(await ask('open')).toEqual({ data: { open: true }, challenge: null });
    expect((await ask('written', tokens.issue({ scope: 'books:write' }))).data).toEqual({ written: 'written' });
    expect((await ask('signed', token)).error?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', error: 'invalid_token' });
  });

  it('answer with errors, and with the challenge in the header', async () => {
    expect(await ask('who')).toMatchObject({
      data: null,
      error: { message: 'An access token is required.', extensions: { code: 'UNAUTHENTICATED', status: 401 } },
      challenge: 'Bearer',
    });
    expect(await ask('who', 'nonsense')).toMatchObject({ data: null, challenge: expect.stringContaining('error="invalid_token"') });
    const lacking = await ask('written', tokens.issue());
    expect(lacking.error?.extensions).toMatchObject({ code: 'FORBIDDEN', error: 'insufficient_scope', scope: 'books:write' });
    expect(lacking.challenge).toContain('scope="books:write"');
    tokens.isAway = true;
    expect((await ask('who', tokens.issue())).error?.extensions).toMatchObject({ code: 'SERVICE_UNAVAILABLE', retry_after: 7 });
    tokens.isAway = false;
  });

  it('take the token of a subscription from the upgrade request or from the parameters of the connection, and end it with the token', async () => {
    ended = 0;
    const [token, kept] = [tokens.issue(), tokens.issue()];
    const open = (each: string) => {
      const presented = { authorization: `Bearer ${each}` };
      const subscriptions = ['beats', 'silence'].map((field) => `subscription { ${field} }`);
      return Promise.all(
        subscriptions.flatMap((query) => [subscribe(api.url, query, {}, presented), subscribe(api.url, query, presented)]),
      );
    };
    const [ending, staying] = [await open(token), await open(kept)];
    const isComplete = ({ heard }: (typeof ending)[number]) => heard.at(-1)?.type === 'complete';
    const hasBegun = ({ heard }: (typeof ending)[number]) => JSON.stringify(heard).includes(`0 for ${SUBJECT}`);
    await until(() => ending.slice(0, 2).every(hasBegun) && staying.slice(0, 2).every(hasBegun));
    expect(watched()).toBe(2);
    tokens.revoke(token);
    await until(() => ending.every(isComplete) && ended === 4);
    expect([staying.filter(isComplete), watched()]).toEqual([[], 1]);
    for (const { close } of staying) close();
    await until(() => watched() === 0 && ended === 8);
    for (const { close } of ending) close();
  });

  it('open no subscription without a good one', async () => {
    const refused = await subscribe(api.url, 'subscription { beats }', { authorization: 'Bearer nonsense' });
    await until(() => refused.heard.at(-1)?.type === 'error');
    expect(JSON.stringify(refused.heard.at(-1))).toContain('The access token is expired, revoked, malformed');
    expect(watched()).toBe(0);
    refused.close();
  });

  it.each<[string, (authorization: string) => object]>([
    ['Apollo on Express', (authorization) => ({ req: { headers: { authorization } }, res: { setHeader: () => undefined } })],
    ['graphql-ws', (authorization) => ({ connectionParams: { authorization } })],
    ['graphql-ws, as it is often written', (authorization) => ({ connectionParams: { Authorization: authorization } })],
    [
      "graphql-ws with Nest's default context",
      (authorization) => ({ req: { connectionParams: { authorization }, extra: { request: { headers: {} } } } }),
    ],
    ['graphql-ws with a header', (authorization) => ({ extra: { request: { headers: { authorization } } } })],
  ])('know the context of %s', async (_name, contextOf) => {
    const judge = (context: object, parts = [{}, {}, context, {}]) => {
      const host = new ExecutionContextHost(parts, BooksResolver, BooksResolver.prototype.who);
      host.setType('graphql');
      return api.app.get(BearerGuard).canActivate(host);
    };
    expect(await judge(contextOf(`Bearer ${tokens.issue()}`))).toBe(true);
    await expect(judge(contextOf('Bearer nonsense'))).rejects.toMatchObject({ status: 401, extensions: { error: 'invalid_token' } });
    const context = contextOf(`Bearer ${tokens.issue()}`);
    expect(await judge(context, [{}, context, {}])).toBe(true); // a resolver of references
  });
});
