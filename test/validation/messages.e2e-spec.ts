import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, UseGuards, type INestApplication } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { ClientProxyFactory, EventPattern, MessagePattern, Payload, RpcException, Transport, type ClientTCP } from '@nestjs/microservices';
import { interval, lastValueFrom, map, type Observable } from 'rxjs';
import { OpenTokens } from '../../src/validation/open/open-tokens.js';
import {
  BearerGuard,
  Check,
  CurrentPrincipal,
  EndsWithToken,
  Principal,
  principalOf,
  Public,
  RequireScopes,
  SignatureCheck,
  TokenCheck,
  ValidationModule,
  type ValidationOptions,
} from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { unusedPort } from '../support/unused-port.js';
import { AUDIENCE, SUBJECT } from './support/claims.js';
import { clockModule, startApi, type RunningApi } from './support/hosts.js';
import { ListedTokens } from './support/listed-tokens.js';

@Controller()
@UseGuards(BearerGuard)
class OrdersController {
  readonly events: (string | undefined)[] = [];

  @MessagePattern('who')
  who(@CurrentPrincipal() principal: Principal) {
    return principal.subject;
  }

  @MessagePattern('write')
  @RequireScopes('orders:write')
  write(@Payload('order') order: string) {
    return order;
  }

  @MessagePattern('open')
  @Public()
  open(@CurrentPrincipal() principal: Principal | undefined) {
    return { principal: principal ?? null };
  }

  @MessagePattern('signed')
  @Check('signature')
  signed() {
    return 'signed';
  }

  @MessagePattern('ticks')
  @EndsWithToken()
  ticks(): Observable<string> {
    return interval(10).pipe(map((count) => `tick ${count}`));
  }

  @EventPattern('happened')
  happened(@CurrentPrincipal() principal: Principal) {
    this.events.push(principal.subject);
  }
}

/** What a call has besides its message; the values of the last one's metadata. */
async function startOrders(options: Partial<ValidationOptions> = {}) {
  const port = await unusedPort();
  const clock = new TestClock();
  const validation = ValidationModule.forRoot({ issuer: 'https://id.example.com', audience: AUDIENCE, check: ListedTokens, ...options });
  const metadata = { imports: [clockModule(clock), validation], controllers: [OrdersController] };
  const api = await startApi('Fastify', metadata, undefined, async (app: INestApplication) => {
    app.connectMicroservice({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    await app.startAllMicroservices();
  });
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }) as ClientTCP;
  let sent: Record<string, string> | undefined;
  client.setOnDispatchHook((packet) => void (packet.metadata = sent));
  return {
    api,
    tokens: api.app.get(TokenCheck, { strict: false }) as ListedTokens,
    send: (pattern: string, data: object, metadata?: Record<string, string>) => {
      sent = metadata;
      return client.send<unknown>(pattern, data);
    },
    emit: (pattern: string, data: object) => lastValueFrom(client.emit<unknown>(pattern, data), { defaultValue: undefined }),
    close: async () => {
      await client.close();
      await api.close();
    },
  };
}

describe('Handlers of messages over TCP', () => {
  let orders: Awaited<ReturnType<typeof startOrders>>;
  const ask = (pattern: string, data: object = {}, metadata?: Record<string, string>) =>
    lastValueFrom(orders.send(pattern, data, metadata));
  const bearer = (changes = {}) => ({ authorization: `Bearer ${orders.tokens.issue(changes)}` });
  /** Asks again and again; the time-out of the test is the bound. */
  const until = async (holds: () => boolean) => {
    while (!holds()) await sleep(10);
  };

  beforeAll(async () => void (orders = await startOrders()));
  afterAll(() => orders?.close());

  it.each(['metadata', 'payload'])('take the token from the %s', async (place) => {
    const token = bearer();
    expect(await (place === 'metadata' ? ask('who', {}, token) : ask('who', token))).toBe(SUBJECT);
    expect(await ask('open', token)).toEqual({ principal: null });
    const refused = { status: 403, error: 'insufficient_scope', error_description: expect.any(String), scope: 'orders:write' };
    await expect(ask('write', token)).rejects.toEqual(refused);
    expect(await ask('write', { order: 'tea', ...bearer({ scope: 'orders:write' }) })).toBe('tea');
  });

  it('say what is wrong with it, and nothing more', async () => {
    const token = bearer();
    await expect(ask('who')).rejects.toEqual({ status: 401, error_description: 'An access token is required.' });
    const invalid = { status: 401, error: 'invalid_token', error_description: expect.any(String) };
    await expect(ask('who', { authorization: 'Bearer nonsense' })).rejects.toEqual(invalid);
    await expect(ask('signed', token)).rejects.toEqual(invalid);
    const twice = { status: 400, error: 'invalid_request', error_description: expect.any(String) };
    await expect(ask('who', token, bearer())).rejects.toEqual(twice);
    await expect(ask('who', { authorization: 'Bearer a b' })).rejects.toEqual(twice);
    await expect(ask('who', { access_token: token.authorization.slice(7) })).rejects.toMatchObject({ status: 401 });
    orders.tokens.isAway = true;
    await expect(ask('who', token)).rejects.toMatchObject({ status: 503, error: 'temporarily_unavailable', retry_after: 7 });
    orders.tokens.isAway = false;
    expect(orders.api.log.filter(({ text }) => text.includes(token.authorization.slice(7)) || text.includes('nonsense'))).toEqual([]);
  });

  it('are told of events by those who may only', async () => {
    const { events } = orders.api.app.get(OrdersController);
    await orders.emit('happened', {});
    await orders.emit('happened', bearer());
    await until(() => events.length > 0);
    expect(events).toEqual([SUBJECT]);
  });

  it('end a stream with the token it was asked for with', async () => {
    const token = bearer();
    const open = orders.api.app.get(OpenTokens, { strict: false });
    const heard: unknown[] = [];
    const failed = new Promise((resolve) => orders.send('ticks', token).subscribe({ next: (tick) => heard.push(tick), error: resolve }));
    await until(() => heard.length > 0);
    expect(open.size).toBe(1);
    orders.tokens.revoke(token.authorization.slice(7));
    expect(await failed).toMatchObject({ status: 401, error: 'invalid_token' });
    expect([heard[0], open.size]).toEqual(['tick 0', 0]);
  });
});

it('An application may say itself where messages bring their token', async () => {
  const orders = await startOrders({ tokenOf: (context) => context.switchToRpc().getData<{ key?: string }>().key });
  const token = orders.tokens.issue();
  const ask = (data: object) => lastValueFrom(orders.send('who', data));
  expect(await ask({ key: token })).toBe(SUBJECT);
  expect(await ask({ authorization: `Bearer ${token}` })).toBe(SUBJECT); // it did not say
  await expect(ask({ key: 'a b' })).rejects.toMatchObject({ status: 400, error: 'invalid_request' });
  await expect(ask({})).rejects.toMatchObject({ status: 401 });
  await orders.close();
});

describe('Contexts of other transports', () => {
  let api: RunningApi;
  let tokens: ListedTokens;
  beforeAll(async () => {
    const validation = ValidationModule.forRoot({ issuer: 'https://id.example.com', audience: AUDIENCE, check: ListedTokens });
    api = await startApi('Express', { imports: [clockModule(new TestClock()), validation], providers: [BearerGuard, SignatureCheck] });
    tokens = api.app.get(TokenCheck, { strict: false }) as ListedTokens;
  });
  afterAll(() => api?.close());

  const judge = async (context: object | undefined, data: unknown = {}) => {
    const host = new ExecutionContextHost([data, context], OrdersController, OrdersController.prototype.who);
    host.setType('rpc');
    const error = await api.app
      .get(BearerGuard)
      .canActivate(host)
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    return error instanceof RpcException ? error.getError() : (error ?? principalOf((context ?? data) as object)?.subject);
  };
  const metadata = (...values: (string | Buffer)[]) => ({
    get: (name: string) => (name === 'authorization' ? values : []),
    getMap: () => ({}),
  });

  it.each<[string, (authorization: string) => object]>([
    ['gRPC', (authorization) => metadata(authorization)],
    ['NATS', (authorization) => ({ getHeaders: () => new Map([['authorization', authorization]]) })],
    ['NATS, as it is often written', (authorization) => ({ getHeaders: () => new Map([['Authorization', authorization]]) })],
    ['Redis', (authorization) => ({ getMetadata: () => ({ authorization }) })],
    ['Kafka', (authorization) => ({ getMessage: () => ({ headers: { authorization: Buffer.from(authorization) } }) })],
    ['RabbitMQ', (authorization) => ({ getMessage: () => ({ properties: { headers: { authorization } } }) })],
    ['MQTT 5', (authorization) => ({ getPacket: () => ({ properties: { userProperties: { authorization } } }) })],
  ])('of %s hold the token', async (_name, contextOf) => {
    expect(await judge(contextOf(`Bearer ${tokens.issue()}`))).toBe(SUBJECT);
    expect(await judge(contextOf(`bearer ${tokens.issue()} `))).toBe(SUBJECT);
    expect(await judge(contextOf('Bearer nonsense'))).toMatchObject({ status: 401, error: 'invalid_token' });
    expect(await judge(contextOf(tokens.issue()))).toMatchObject({ status: 401 });
    expect(await judge(contextOf(`Bearer ${tokens.issue()}`), { authorization: 'Bearer x' })).toMatchObject({ status: 400 });
  });

  it.each([{}, { getHeaders: () => undefined }, { getMessage: () => ({}) }, { getMessage: () => undefined }, { getPacket: () => ({}) }])(
    'without headers hold none (%#)',
    async (context) => expect(await judge(context)).toEqual({ status: 401, error_description: 'An access token is required.' }),
  );

  it('of gRPC are answered by its own codes, and two tokens are one too many', async () => {
    expect(await judge(metadata())).toMatchObject({ code: 16, message: 'An access token is required.' });
    tokens.isAway = true;
    expect(await judge(metadata(`Bearer ${tokens.issue()}`))).toMatchObject({ code: 14 });
    tokens.isAway = false;
    expect(await judge(metadata(`Bearer ${tokens.issue()}`, 'Bearer x'))).toMatchObject({ code: 3, error: 'invalid_request' });
  });

  it('may be missing where the payload is an object', async () => {
    expect(await judge(undefined, { authorization: `Bearer ${tokens.issue()}` })).toBe(SUBJECT);
    expect(await judge(undefined, 'text')).toEqual(expect.objectContaining({ message: expect.stringContaining('OrdersController') }));
  });
});
