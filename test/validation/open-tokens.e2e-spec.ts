import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Sse, UseGuards, type Type } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { Test, type TestingModule } from '@nestjs/testing';
import { WebSocketGateway } from '@nestjs/websockets';
import { interval, type Observable } from 'rxjs';
import { bucketOf, EntryType, formatTokenId, type EntryKey } from '../../src/protocol/entry-key.js';
import { formatToken, newAccessNumber, newIdentifier } from '../../src/protocol/token-string.js';
import { PostgresStorageModule } from '../../src/storage/postgres/postgres-storage.module.js';
import { RevocationLogStore, type LogRow } from '../../src/storage/revocation-log.store.js';
import { RevocationKind, RevocationStore } from '../../src/storage/revocation.store.js';
import { TokenEntryStore } from '../../src/storage/token-entry.store.js';
import { EXACT_CHECK } from '../../src/validation/checks/feed.check.js';
import { FeedSource, type FeedListener } from '../../src/validation/feed/feed-source.js';
import {
  BearerGuard,
  Check,
  CheckUnavailableError,
  EndsWithToken,
  OpenTokens,
  Principal,
  refused,
  TokenCheck,
  ValidationModule,
  type Accepted,
  type ValidationOptions,
  type Verdict,
} from '../../src/validation/index.js';
import { statementsDuring } from '../support/statement-count.js';
import { createStorage, type TestStorage } from '../support/storage.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, claimsOf } from './support/claims.js';
import { converse } from './support/conversation.js';
import { ExternalIssuer, INTROSPECT } from './support/external-issuer.js';
import { clockModule, startApi, type RunningApi } from './support/hosts.js';
import { insertClient, issue } from './support/issued.js';

const ISSUER = 'https://id.example.com';

/** Asks again and again; the time-out of the test is the bound. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(10);
};

@WebSocketGateway({ path: '/fed' })
@EndsWithToken()
class FedGateway {}

@WebSocketGateway({ path: '/looked-up' })
@EndsWithToken()
@Check('entry')
class LookedUpGateway {}

@WebSocketGateway({ path: '/asked' })
@EndsWithToken()
@Check('introspection')
class AskedGateway {}

@Controller('fed')
@UseGuards(BearerGuard)
class FedController {
  @Sse()
  @EndsWithToken()
  events(): Observable<number> {
    return interval(10);
  }
}

describe('What is open by a token that is revoked in the database', () => {
  let storage: TestStorage;
  let issuer: ExternalIssuer;
  let api: RunningApi;
  /** Tokens the issuer says are good. */
  const active = new Set<string>();

  beforeAll(async () => {
    [storage, issuer] = await Promise.all([createStorage(), ExternalIssuer.start()]);
    await insertClient(storage, 'web');
    issuer.answers.set(INTROSPECT, ({ form }) => {
      const isActive = active.has(form.get('token') ?? '');
      return { body: isActive ? { active: true, token_type: 'Bearer', ...claimsOf(issuer.url, storage.clock) } : { active: false } };
    });
    const client = { clientId: 'api', clientSecret: 'secret' };
    const imports = [
      PostgresStorageModule.forRoot({ url: storage.url }),
      ValidationModule.forRoot({ issuer: issuer.url, audience: AUDIENCE, check: 'feed', introspectionCache: 60, ...client }),
    ];
    const gateways = [FedGateway, LookedUpGateway, AskedGateway];
    api = await startApi('Express', { imports, providers: gateways, controllers: [FedController] }, storage.clock, (app) => {
      app.useWebSocketAdapter(new WsAdapter(app));
    });
  });
  afterAll(async () => {
    await api?.close();
    await issuer?.close();
    await storage?.close();
  });

  it('is closed, by whichever check; by the feed without a query', async () => {
    const tokens = api.app.get(OpenTokens, { strict: false });
    const revocations = storage.module.get(RevocationStore);
    const connect = (path: string, token: string) => converse('ws', api.url, path, { header: `Bearer ${token}` });
    const [fed, kept] = [await issue(storage, 'reference'), await issue(storage, 'reference')];
    const [socket, staying] = [await connect('/fed', fed.token), await connect('/fed', kept.token)];
    const stream = await api.get('/fed', fed.token);
    const verdict = (await api.app.get(TokenCheck, { strict: false }).check(fed.token)) as Accepted;
    const ended = new Promise((resolve) => tokens.watchToken(fed.token, verdict, resolve));
    await until(() => tokens.size === 2);
    // Long enough for others to have been asked about.
    const statements = await statementsDuring(() => sleep(1_200));
    expect(statements.filter((name) => name === 'find')).toEqual([]);
    await revocations.endAuthorization(fed.key.authorizationId, storage.clock.now());
    expect(await socket.closed).toBe('4401 invalid_token');
    expect(await ended).toBe('revoked');
    expect(await stream.text()).toContain('data: 0');

    const lookedUp = await connect('/looked-up', kept.token);
    active.add('opaque');
    const asked = await connect('/asked', 'opaque');
    await until(() => tokens.size === 3);
    active.delete('opaque');
    expect(await asked.closed).toBe('4401 invalid_token');
    await revocations.endAuthorization(kept.key.authorizationId, storage.clock.now());
    expect(await Promise.all([staying.closed, lookedUp.closed])).toEqual(Array(2).fill('4401 invalid_token'));
    expect(tokens.size).toBe(0);
  });
});

describe('OpenTokens with a feed', () => {
  const clock = new TestClock();
  class Source extends FeedSource {
    listener!: FeedListener;
    override start(listener: FeedListener): void {
      this.listener = listener;
      listener.reload(performance.now()).complete();
    }
    override stop(): void {
      // nothing runs
    }
    bring(...rows: Partial<LogRow>[]): void {
      const expiresAt = new Date(clock.now().getTime() + 900_000);
      this.listener.add(
        rows.map((row) => ({ expiresAt, notBefore: undefined, ...row }) as LogRow),
        performance.now(),
      );
    }
  }
  class Exact extends TokenCheck {
    readonly asked: string[] = [];
    answer: () => Verdict = () => refused('ended');
    override check(token: string): Promise<Verdict> {
      this.asked.push(token);
      return Promise.resolve().then(this.answer);
    }
  }
  let module: TestingModule;
  let source: Source;
  let exact: Exact;
  let tokens: OpenTokens;

  const start = async (options: Partial<ValidationOptions> = {}) => {
    [source, exact] = [new Source(), new Exact()];
    const stores = [TokenEntryStore, RevocationLogStore].map((provide) => ({ provide, useValue: {} }));
    const storage = { module: class Storage {}, global: true, providers: stores, exports: stores };
    const validation = ValidationModule.forRoot({ issuer: ISSUER, audience: AUDIENCE, check: 'feed', maxStale: 60, ...options });
    const builder = Test.createTestingModule({ imports: [clockModule(clock), storage, validation] });
    module = await builder.overrideProvider(FeedSource).useValue(source).overrideProvider(EXACT_CHECK).useValue(exact).compile();
    module.useLogger(false);
    await module.init();
    tokens = module.get(OpenTokens as Type<OpenTokens>, { strict: false });
  };
  const open = (client = 'web', kid?: string) => {
    const key: EntryKey = {
      bucket: bucketOf(clock.now()),
      authorizationId: randomUUID(),
      type: EntryType.accessToken,
      number: newAccessNumber(),
    };
    const jti = formatTokenId(key);
    const principal = Principal.fromClaims(claimsOf(ISSUER, clock, { jti, client_id: client })) as Principal;
    const accepted = { accepted: true, principal, ...(kid !== undefined && { kid }) } as const;
    const ends: string[] = [];
    // A reference token, which the feed check knows nothing of but by the exact one.
    const forget = tokens.watchToken(formatToken({ key, identifier: newIdentifier() }), accepted, (end) => ends.push(end));
    return { key, principal, ends, forget };
  };
  const bytesOf = ({ key, principal }: ReturnType<typeof open>) => ({
    entry: Buffer.from(principal.tokenId, 'base64url').subarray(-8),
    authorization: Buffer.from(key.authorizationId.replaceAll('-', ''), 'hex'),
  });

  beforeEach(() => start());
  afterEach(() => module.close());

  it('ends by entry, authorization, signing key and client what was ended, and nothing else', async () => {
    const [byEntry, byGrant, byKey, byClient, other] = [open(), open(), open('web', 'key 1'), open('old'), open('web', 'key 2')];
    clock.advance(10);
    await sleep(0); // looked at once already
    source.bring({ kind: RevocationKind.entry, key: bytesOf(byEntry).entry });
    source.bring({ kind: RevocationKind.authorization, key: bytesOf(byGrant).authorization });
    source.bring({ kind: RevocationKind.signingKey, key: Buffer.from('key 1') });
    source.bring({ kind: RevocationKind.client, key: Buffer.from('old'), notBefore: clock.now() });
    await until(() => tokens.size === 1);
    expect([byEntry, byGrant, byKey, byClient].map(({ ends }) => ends)).toEqual(Array(4).fill(['revoked']));
    expect([other.ends, exact.asked]).toEqual([[], []]);
    other.forget();
    other.forget();
    expect(tokens.size).toBe(0);
  });

  it('asks once about those of whom the feed cannot tell', async () => {
    const [good, bad] = [open('old'), open('old')];
    exact.answer = () => ({ accepted: true, principal: good.principal });
    // Issued about when their client was ended, so that the date does not tell.
    source.bring({ kind: RevocationKind.client, key: Buffer.from('old'), notBefore: clock.now() });
    await until(() => exact.asked.length === 2);
    bad.forget();
    await sleep(1_200);
    expect([good.ends, exact.asked.length]).toEqual([[], 2]);
    const late = open('old');
    exact.answer = () => refused('ended');
    await until(() => late.ends.length === 1);
    expect([late.ends, good.ends]).toEqual([['revoked'], []]);
    good.forget();
  });

  it('asks again about those while nobody answers, though the feed is heard, and gives them up after maxStale', async () => {
    await module.close();
    await start({ maxStale: 2 });
    const hear = setInterval(() => source.bring(), 50);
    exact.answer = () => {
      throw new CheckUnavailableError('away');
    };
    const [gone, good] = [open('old'), open('old')];
    source.bring({ kind: RevocationKind.client, key: Buffer.from('old'), notBefore: clock.now() });
    await until(() => exact.asked.length >= 2);
    const before = exact.asked.length;
    exact.answer = () => ({ accepted: true, principal: good.principal });
    await until(() => new Set(exact.asked.slice(before)).size === 2);
    await sleep(0); // they are answered
    exact.answer = () => {
      throw new CheckUnavailableError('away');
    };
    const late = open('old');
    await until(() => late.ends.length === 1);
    expect([late.ends, good.ends, gone.ends]).toEqual([['unavailable'], [], []]);
    exact.answer = () => refused('ended');
    source.bring({ kind: RevocationKind.client, key: Buffer.from('old'), notBefore: new Date(clock.now().getTime() + 1_000) });
    await until(() => gone.ends.length + good.ends.length === 2);
    expect([gone.ends, good.ends]).toEqual([['revoked'], ['revoked']]);
    clearInterval(hear);
  });

  it('ends what had ended before it was watched', async () => {
    const first = open();
    first.forget();
    source.bring({ kind: RevocationKind.authorization, key: bytesOf(first).authorization });
    await sleep(700); // what it brought was looked at
    const ends: string[] = [];
    tokens.watchToken('again', { accepted: true, principal: first.principal }, (end) => ends.push(end));
    expect(ends).toEqual([]);
    await until(() => ends.length === 1);
    expect([ends, first.ends]).toEqual([['revoked'], []]);
  });

  it('goes on telling the others when one of those it tells fails', async () => {
    const { principal } = open();
    const ends: string[] = [];
    tokens.watchToken('same', { accepted: true, principal }, () => {
      throw new Error('a watcher of the test');
    });
    tokens.watchToken('same', { accepted: true, principal }, (end) => ends.push(end));
    clock.advance(900);
    try {
      await until(() => ends.length === 1);
      expect([ends, tokens.size]).toEqual([['expired'], 0]);
    } finally {
      clock.advance(-900);
    }
  });

  it('asks while nothing is heard, and gives up what nobody can tell for long', async () => {
    await module.close();
    await start({ maxStale: 1 });
    exact.answer = () => {
      throw new CheckUnavailableError('away');
    };
    const { ends } = open();
    await until(() => ends.length === 1);
    expect([ends, exact.asked.length > 0, tokens.size]).toEqual([['unavailable'], true, 0]);
  });

  it('is watched by those only who are let pass', () => {
    expect(() => tokens.watch({}, () => undefined)).toThrow('no BearerGuard');
  });
});
