import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, UseGuards, type ExecutionContext, type INestApplication, type Type } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { ConnectedSocket, MessageBody, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import { OpenTokens } from '../../src/validation/open/open-tokens.js';
import {
  BearerGuard,
  Check,
  CurrentPrincipal,
  EndsWithToken,
  Principal,
  principalOf,
  Public,
  rememberUpgrade,
  RequireAuthentication,
  RequireRoles,
  RequireScopes,
  TokenCheck,
  ValidationModule,
  type Verdict,
} from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, SUBJECT } from './support/claims.js';
import { converse, type Conversation, type Library, type Presented } from './support/conversation.js';
import { clockModule, startApi, type RunningApi } from './support/hosts.js';
import { ListedTokens } from './support/listed-tokens.js';

/** A client that has sent its token in a message. */
interface SignedIn {
  token?: string;
}

/** Stricter than the module's. */
@Injectable()
class NobodyPasses extends TokenCheck {
  override check(): Promise<Verdict> {
    return Promise.resolve({ accepted: false, reason: 'nobody passes' });
  }
}

@WebSocketGateway({ path: '/chat' })
@UseGuards(BearerGuard)
@EndsWithToken()
@RequireScopes('chat')
class ChatGateway {
  @WebSocketServer()
  readonly server!: { readonly clients?: ReadonlySet<unknown> };
  readonly seen: (string | undefined)[] = [];

  handleConnection(client: object): void {
    this.seen.push(principalOf(client)?.subject);
  }

  @SubscribeMessage('who')
  who(@CurrentPrincipal() principal: Principal) {
    return { event: 'you', data: principal.subject };
  }

  @SubscribeMessage('write')
  @RequireScopes('chat:write')
  @RequireRoles('writer')
  write() {
    return { event: 'written' };
  }

  @SubscribeMessage('pay')
  @RequireAuthentication({ maxAge: 300, acr: 'urn:mfa' })
  pay() {
    return { event: 'paid' };
  }

  @SubscribeMessage('open')
  @Public()
  open(@CurrentPrincipal() principal: Principal | undefined) {
    return { event: 'opened', data: principal ?? null };
  }

  @SubscribeMessage('strict')
  @Check(NobodyPasses)
  strict() {
    return { event: 'passed' };
  }
}

/** Guarded message by message; it says itself where the token is. */
@WebSocketGateway({ path: '/plain' })
@UseGuards(BearerGuard)
class PlainGateway {
  handleConnection(client: object, request?: IncomingMessage): void {
    if (request) rememberUpgrade(client, request);
  }

  @SubscribeMessage('who')
  who(@CurrentPrincipal() principal: Principal) {
    return { event: 'you', data: principal.subject };
  }

  @SubscribeMessage('open')
  @Public()
  open() {
    return { event: 'opened' };
  }

  @SubscribeMessage('sign-in')
  @Public()
  signIn(@ConnectedSocket() client: SignedIn, @MessageBody() token: string) {
    client.token = token;
    return { event: 'signed in' };
  }
}

/** Does not say where the token is. */
@WebSocketGateway({ path: '/forgetful' })
@UseGuards(BearerGuard)
class ForgetfulGateway {
  @SubscribeMessage('who')
  who() {
    return { event: 'you' };
  }
}

@WebSocketGateway({ path: '/lobby' })
@EndsWithToken()
@Public()
class LobbyGateway {
  @SubscribeMessage('hello')
  hello() {
    return { event: 'hello' };
  }
}

/** No guard: only who was let in may speak all the same. */
@WebSocketGateway({ path: '/let-in' })
@EndsWithToken()
class LetInGateway extends LobbyGateway {
  said = 0;

  override hello() {
    this.said++;
    return super.hello();
  }

  @SubscribeMessage('count')
  count() {
    this.said++;
    return { event: 'said', data: this.said };
  }
}

const GATEWAYS = [ChatGateway, PlainGateway, ForgetfulGateway, LobbyGateway, LetInGateway];
const ADAPTERS: Record<Library, (app: INestApplication) => WsAdapter | IoAdapter> = {
  ws: (app) => new WsAdapter(app),
  'socket.io': (app) => new IoAdapter(app),
};

describe.each(['ws', 'socket.io'] as const)('A gateway with clients of %s', (library) => {
  const clock = new TestClock();
  let api: RunningApi;
  let tokens: ListedTokens;
  const get = <T>(type: Type<T>): T => api.app.get(type, { strict: false });
  const connect = (path: string, presented: Presented) => converse(library, api.url, path, presented);
  const chat = (changes: Record<string, unknown> = {}) =>
    connect('/chat', { header: `Bearer ${tokens.issue({ scope: 'chat', ...changes })}` });
  const watched = () => get(OpenTokens).size;
  /** Asks again and again; the time-out of the test is the bound. */
  const until = async (holds: () => boolean) => {
    while (!holds()) await sleep(10);
  };
  /** How a client learns that it is closed: by code, or by the event before it. */
  const closing = (code: number, error: string) => (library === 'ws' ? `${code} ${error}` : 'io server disconnect');
  /** Nothing is decided until what it returns is called. */
  const shut = () => {
    let open = (): void => undefined;
    tokens.gate = new Promise<void>((resolve) => (open = resolve));
    return () => {
      tokens.gate = undefined;
      open();
    };
  };
  const lastHeard = ({ heard }: Conversation) => heard.at(-1);

  beforeAll(async () => {
    const tokenOf = (context: ExecutionContext) => context.switchToWs().getClient<SignedIn>().token;
    const validation = ValidationModule.forRoot({
      issuer: 'https://id.example.com',
      audience: AUDIENCE,
      check: ListedTokens,
      maxStale: 1,
      tokenOf,
    });
    api = await startApi('Fastify', { imports: [clockModule(clock), validation], providers: GATEWAYS }, undefined, (app) => {
      app.useWebSocketAdapter(ADAPTERS[library](app));
    });
    tokens = api.app.get(TokenCheck, { strict: false }) as ListedTokens;
  });
  afterEach(() => void (tokens.isAway = false));
  afterAll(() => api?.close());

  it('knows who speaks, from the connection on', async () => {
    const talk = await chat();
    expect(await talk.ask('who')).toEqual(['you', SUBJECT]);
    expect(get(ChatGateway).seen).toEqual([SUBJECT]);
    expect(await talk.ask('open')).toEqual(['opened', null]);
    talk.hangUp();
  });

  it('answers what a message may not with what the challenge would say', async () => {
    const talk = await chat({ auth_time: clock.now().getTime() / 1000 });
    const description = 'The access token lacks a scope.';
    const lacking = { status: 403, error: 'insufficient_scope', error_description: description, scope: 'chat:write chat' };
    expect(await talk.ask('write')).toEqual(['exception', lacking]);
    const weak = { status: 401, error: 'insufficient_user_authentication', max_age: '300', acr_values: 'urn:mfa' };
    expect(await talk.ask('pay')).toEqual(['exception', expect.objectContaining(weak)]);
    expect(await talk.ask('strict')).toEqual(['exception', expect.objectContaining({ status: 401, error: 'invalid_token' })]);
    tokens.isAway = true;
    const away = { status: 503, error: 'temporarily_unavailable', retry_after: 7 };
    expect(await talk.ask('who')).toEqual(['exception', expect.objectContaining(away)]);
    tokens.isAway = false;
    talk.hangUp();

    const writer = await chat({ scope: 'chat chat:write', roles: ['reader'] });
    expect(await writer.ask('write')).toEqual([
      'exception',
      { status: 403, error: 'insufficient_scope', error_description: 'A role is missing.' },
    ]);
    writer.hangUp();
    const both = await chat({ scope: 'chat chat:write', roles: ['writer'], acr: 'urn:mfa', auth_time: clock.now().getTime() / 1000 });
    expect([(await both.ask('write'))[0], (await both.ask('pay'))[0]]).toEqual(['written', 'paid']);
    both.hangUp();
  });

  it.each([
    ['none', {}, 4401, 'unauthenticated'],
    ['a bad one', { header: 'Bearer nonsense' }, 4401, 'invalid_token'],
    ['a malformed one', { header: 'Bearer a b' }, 4400, 'invalid_request'],
    ['another scheme', { header: 'Basic YTpi' }, 4401, 'unauthenticated'],
  ])('closes who comes with %s token', async (_name, presented, code, error) => {
    const talk = await connect('/chat', presented);
    talk.say('open');
    expect(await talk.closed).toBe(closing(code, error));
    expect(talk.heard.filter(([event]) => event === 'opened')).toEqual([]);
    if (library === 'socket.io') expect(lastHeard(talk)).toEqual(['exception', expect.objectContaining({ status: code - 4_000 })]);
  });

  it('closes who lacks what the class asks, and asks to come again when nothing can be told', async () => {
    expect(await (await chat({ scope: 'other' })).closed).toBe(closing(4403, 'insufficient_scope'));
    tokens.isAway = true;
    expect(await (await chat()).closed).toBe(closing(1013, 'temporarily_unavailable'));
  });

  it('takes no token from the query string', async () => {
    const token = tokens.issue();
    const talk = await connect('/plain', { query: { access_token: token, token } });
    expect(await talk.ask('who')).toEqual(['exception', { status: 401, error_description: 'An access token is required.' }]);
    talk.hangUp();
  });

  it('takes it from where the application says that it is', async () => {
    const talk = await connect('/plain', {});
    expect((await talk.ask('sign-in', tokens.issue()))[0]).toBe('signed in');
    expect(await talk.ask('who')).toEqual(['you', SUBJECT]);
    expect((await talk.ask('sign-in', 'a b'))[0]).toBe('signed in');
    expect(await talk.ask('who')).toEqual(['exception', expect.objectContaining({ status: 400, error: 'invalid_request' })]);
    talk.hangUp();
  });

  it('without the decorator judges each message by itself', async () => {
    const token = tokens.issue();
    const talk = await connect('/plain', { header: `Bearer ${token}` });
    expect(await talk.ask('who')).toEqual(['you', SUBJECT]);
    tokens.revoke(token);
    expect(await talk.ask('who')).toEqual(['exception', expect.objectContaining({ status: 401, error: 'invalid_token' })]);
    expect((await talk.ask('open'))[0]).toBe('opened');
    expect(watched()).toBe(0);
    talk.hangUp();
  });

  it('lets anybody stay where it is public, but binds who brings a token', async () => {
    const anybody = await connect('/lobby', {});
    expect((await anybody.ask('hello'))[0]).toBe('hello');
    expect(await (await connect('/lobby', { header: 'Bearer nonsense' })).closed).toBe(closing(4401, 'invalid_token'));
    const somebody = await connect('/lobby', { header: `Bearer ${tokens.issue()}` });
    expect((await somebody.ask('hello'))[0]).toBe('hello');
    expect(watched()).toBe(1);
    somebody.hangUp();
    expect((await anybody.ask('hello'))[0]).toBe('hello');
    anybody.hangUp();
  });

  it('hears nobody who was not let in, even without a guard', async () => {
    const open = shut();
    const talk = await connect('/let-in', { header: 'Bearer nonsense' });
    for (let i = 0; i < 5; i++) talk.say('count');
    await sleep(50); // they are there before it is decided
    open();
    await talk.closed;
    expect(get(LetInGateway).said).toBe(0);
    const welcome = await connect('/let-in', { header: `Bearer ${tokens.issue()}` });
    expect(await welcome.ask('count')).toEqual(['said', 1]);
    welcome.hangUp();
  });

  it('closes a client when its token is revoked, when it expires, and when nothing can be told for long', async () => {
    await until(() => watched() === 0);
    const token = tokens.issue({ scope: 'chat' });
    const revoked = await Promise.all([1, 2].map(() => connect('/chat', { header: `Bearer ${token}` })));
    const expired = await chat({ exp: clock.now().getTime() / 1000 + 60 });
    const other = await chat();
    await until(() => watched() === 3);
    tokens.revoke(token);
    clock.advance(60);
    expect(await Promise.all([...revoked, expired].map(({ closed }) => closed))).toEqual(Array(3).fill(closing(4401, 'invalid_token')));
    if (library === 'socket.io') expect(lastHeard(expired)).toEqual(['exception', expect.objectContaining({ error: 'invalid_token' })]);
    expect(await other.ask('who')).toEqual(['you', SUBJECT]);
    expect(watched()).toBe(1);
    tokens.isAway = true;
    expect(await other.closed).toBe(closing(1013, 'temporarily_unavailable'));
    expect(watched()).toBe(0);
  });

  it('forgets a client that hangs up, also one that does so before it is let in', async () => {
    const talk = await chat();
    expect(await talk.ask('who')).toEqual(['you', SUBJECT]);
    expect(watched()).toBe(1);
    talk.hangUp();
    await until(() => watched() === 0);

    const open = shut();
    const token = tokens.issue({ scope: 'chat' });
    const hasty = await connect('/chat', { header: `Bearer ${token}` });
    await until(() => tokens.asked.at(-1) === token);
    hasty.hangUp();
    open();
    await hasty.closed;
    await until(() => watched() === 0);
  });

  if (library === 'ws') {
    it('hangs up on a client that does not answer', async () => {
      const { server } = get(ChatGateway);
      await until(() => server.clients?.size === 0);
      const open = shut();
      const talk = await connect('/chat', { header: 'Bearer nonsense' });
      talk.deafen?.();
      open();
      expect(server.clients?.size).toBe(1);
      await until(() => server.clients?.size === 0);
      talk.hangUp();
    });

    it('says in the log what a gateway must do whose clients keep no token', async () => {
      const talk = await connect('/forgetful', { header: `Bearer ${tokens.issue()}` });
      expect(await talk.ask('who')).toEqual(['exception', { status: 401, error_description: 'An access token is required.' }]);
      expect(
        api.log.some(({ level, text }) => level === 'warn' && text.includes('ForgetfulGateway') && text.includes('rememberUpgrade')),
      ).toBe(true);
      talk.hangUp();
    });
  } else {
    it('takes the token of the handshake, and not two', async () => {
      const token = tokens.issue();
      const talk = await connect('/forgetful', { auth: { token } });
      expect((await talk.ask('who'))[0]).toBe('you');
      talk.hangUp();
      for (const presented of [{ auth: { token }, header: `Bearer ${token}` }, { auth: { token: 'a b' } }, { auth: { token: { a: 1 } } }]) {
        const refused = await connect('/forgetful', presented);
        expect(await refused.ask('who')).toEqual(['exception', expect.objectContaining({ status: 400, error: 'invalid_request' })]);
        refused.hangUp();
      }
    });
  }

  it('logs no token', () => {
    expect(api.log.filter(({ text }) => /Bearer [A-Za-z0-9]|nonsense/.test(text))).toEqual([]);
  });
});
