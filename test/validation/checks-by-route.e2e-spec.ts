import { Controller, Get, Injectable, Module, UseGuards, type ModuleMetadata, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { RevocationLogStore } from '../../src/storage/revocation-log.store.js';
import { TokenEntryStore } from '../../src/storage/token-entry.store.js';
import { FeedSource, type FeedListener } from '../../src/validation/feed/feed-source.js';
import {
  BearerGuard,
  Check,
  EndsWithToken,
  FeedStatus,
  Principal,
  refused,
  TokenCheck,
  ValidationModule,
  type CheckChoice,
  type ValidationOptions,
  type Verdict,
} from '../../src/validation/index.js';
import { TestClock } from '../support/test-clock.js';
import { AUDIENCE, claimsOf } from './support/claims.js';
import { clockModule, HOSTS, startApi } from './support/hosts.js';

const ISSUER = 'https://id.example.com';
const OPTIONS = { issuer: ISSUER, audience: AUDIENCE };
const clock = new TestClock();

/** Accepts the token that has its own name. */
abstract class NamedCheck extends TokenCheck {
  static readonly made: string[] = [];
  static readonly told: string[] = [];

  constructor() {
    super();
    NamedCheck.made.push(this.constructor.name);
  }

  onModuleInit(): void {
    NamedCheck.told.push(`${this.constructor.name} begins`);
  }

  onApplicationShutdown(signal?: string): void {
    NamedCheck.told.push(`${this.constructor.name} ends ${signal}`);
  }

  override check(token: string): Promise<Verdict> {
    const principal = Principal.fromClaims(claimsOf(ISSUER, clock));
    return Promise.resolve(principal && token === this.constructor.name ? { accepted: true, principal } : refused('another name'));
  }
}
@Injectable()
class OfModule extends NamedCheck {}
@Injectable()
class OfClass extends NamedCheck {}
@Injectable()
class OfHandler extends NamedCheck {}

@Controller('plain')
@UseGuards(BearerGuard)
class PlainController {
  @Get()
  list() {
    return [];
  }

  @Get('own')
  @Check(OfHandler)
  own() {
    return [];
  }
}

@Controller('marked')
@Check(OfClass)
class MarkedController extends PlainController {}

/** A controller with a mark on its class or on its handler `list`. */
function marked(name: string, check: CheckChoice, place: 'class' | 'handler' = 'handler'): Type {
  const controller = { [name]: class { list(): void {} } }[name] as Type; // prettier-ignore
  if (place === 'class') Check(check)(controller);
  else Check(check)(controller.prototype, 'list', Object.getOwnPropertyDescriptor(controller.prototype, 'list') ?? {});
  Controller()(controller);
  return controller;
}

const faultsOf = async (options: Partial<ValidationOptions>, metadata: ModuleMetadata): Promise<string[]> => {
  const imports = [...(metadata.imports ?? []), ValidationModule.forRoot({ ...OPTIONS, ...options })];
  const message = await Test.createTestingModule({ ...metadata, imports })
    .compile()
    .then(() => 'started', String);
  return message.split('\n').slice(1);
};

describe('@Check', () => {
  it.each(HOSTS)('of the handler is before that of the class, and that before the one of the module, each made once (%s)', async (host) => {
    NamedCheck.made.length = NamedCheck.told.length = 0;
    const imports = [clockModule(clock), ValidationModule.forRoot({ ...OPTIONS, check: OfModule })];
    const api = await startApi(host, { imports, controllers: [PlainController, MarkedController] });
    const accepted = async (path: string) => {
      const names = ['OfModule', 'OfClass', 'OfHandler'];
      const statuses = await Promise.all(names.map(async (name) => (await api.get(path, name)).status));
      return names.filter((_, index) => statuses[index] === 200);
    };
    expect(await accepted('/plain')).toEqual(['OfModule']);
    expect(await accepted('/plain/own')).toEqual(['OfHandler']);
    expect(await accepted('/marked')).toEqual(['OfClass']);
    expect(await accepted('/marked/own')).toEqual(['OfHandler']);
    expect(NamedCheck.made.sort()).toEqual(['OfClass', 'OfHandler', 'OfModule']);
    await api.close();
    const lives = ['OfClass', 'OfHandler', 'OfModule'].flatMap((name) => [`${name} begins`, `${name} ends undefined`]);
    expect(NamedCheck.told.sort()).toEqual(lives);
  });

  it('names at start, all at once, where it needs what the application lacks', async () => {
    const controllers = [
      marked('EntryController', 'entry'),
      marked('AskController', 'introspection', 'class'),
      marked('FeedController', 'feed'),
      marked('TypoController', 'feeling' as never),
      marked('ClassController', class Other {} as never),
      marked('GoodController', 'signature'),
    ];
    const provider = marked('MessagesResolver', 'entry');
    EndsWithToken()(controllers[5] as never);
    expect(await faultsOf({ audience: [] }, { controllers, providers: [provider] })).toEqual([
      expect.stringMatching(/^- audience: /),
      expect.stringMatching(/^- EntryController.list: @Check\('entry'\) needs .*PostgresStorageModule.*another check\.$/),
      expect.stringMatching(/^- AskController: @Check\('introspection'\) needs .*clientId and clientSecret.*another check\.$/),
      expect.stringMatching(/^- FeedController.list: @Check\('feed'\) needs .*clientId and clientSecret.*PostgresStorageModule.*\.$/),
      expect.stringMatching(/^- TypoController.list: give @Check\(\) 'signature', .*TokenCheck\.$/),
      expect.stringMatching(/^- ClassController.list: give @Check\(\) /),
      expect.stringMatching(/^- MessagesResolver.list: @Check\('entry'\)/),
      expect.stringMatching(/^- GoodController: @EndsWithToken\(\) on a class is for gateways; put it on the handlers\.$/),
    ]);
  });

  it('does with what the application has', async () => {
    const controllers = [marked('AskController', 'introspection'), marked('GoodController', 'signature')];
    expect(await faultsOf({ clientId: 'api', clientSecret: 'secret' }, { controllers })).toEqual([]);
  });

  it('of a class that cannot be made is a fault at start', async () => {
    @Injectable()
    class Needy extends OfHandler {
      constructor(readonly missing: BearerGuard) {
        super();
      }
    }
    const module = { imports: [ValidationModule.forRoot(OPTIONS)], controllers: [marked('NeedyController', Needy)] };
    await expect(Test.createTestingModule(module).compile()).rejects.toThrow(/Needy/);
  });

  it('that was not seen at start is an error, not a pass', async () => {
    @Controller('late')
    @UseGuards(BearerGuard)
    class LateController {
      @Get()
      list() {
        return [];
      }
    }
    const api = await startApi('Fastify', { imports: [ValidationModule.forRoot(OPTIONS)], controllers: [LateController] });
    Check(OfHandler)(LateController);
    expect((await api.get('/late', 'OfHandler')).status).toBe(500);
    expect(api.log.some(({ text }) => text.includes('@Check(OfHandler) was not seen at start'))).toBe(true);
    await api.close();
  });

  it('is a matter of the ValidationModule around it, where there are several', async () => {
    const local = (options: Partial<ValidationOptions>) => ValidationModule.forRoot({ ...OPTIONS, isGlobal: false, ...options });
    @Module({ imports: [local({ clientId: 'api', clientSecret: 'secret' })], controllers: [marked('AskController', 'introspection')] })
    class Asking {}
    @Module({ imports: [local({})], controllers: [marked('OtherController', 'signature')] })
    class Other {}
    @Module({ imports: [local({})], controllers: [marked('WrongController', 'introspection')] })
    class Wrong {}
    await (await Test.createTestingModule({ imports: [Asking, Other] }).compile()).close();
    const start = Test.createTestingModule({ imports: [Asking, Wrong] }).compile();
    await expect(start).rejects.toThrow(/^ValidationModule cannot start:\n- WrongController.list: @Check\('introspection'\)[^\n]*$/);
  });

  it("'feed' makes the feed run, though the module's own check is another", async () => {
    @Controller('fed')
    @UseGuards(BearerGuard)
    class FedController {
      @Get()
      @Check('feed')
      list() {
        return [];
      }
    }
    class Source extends FeedSource {
      listener: FeedListener | undefined;
      override start(listener: FeedListener): void {
        this.listener = listener;
        listener.reload(performance.now()).complete();
      }
      override stop(): void {
        this.listener = undefined;
      }
    }
    const source = new Source();
    const stores = [TokenEntryStore, RevocationLogStore].map((provide) => ({ provide, useValue: {} }));
    const boot = async (controllers: Type[]) => {
      const storage = { module: class Storage {}, global: true, providers: stores, exports: stores };
      const module = { imports: [storage, ValidationModule.forRoot(OPTIONS)], controllers };
      const testing = await Test.createTestingModule(module).overrideProvider(FeedSource).useValue(source).compile();
      return testing.init();
    };
    const fed = await boot([FedController]);
    expect(fed.get(FeedStatus, { strict: false }).state).toBe('fresh');
    expect(source.listener).toBeDefined();
    await fed.close();
    expect(source.listener).toBeUndefined();
    const unfed = await boot([PlainController]);
    expect([unfed.get(FeedStatus, { strict: false }).state, source.listener]).toEqual(['off', undefined]);
    await unfed.close();
  });
});
