import { ClientDirectory } from '../../src/issuance/clients/client-directory.js';
import { ClientPolicy } from '../../src/issuance/clients/client-policy.js';
import { ConfigurationWatch } from '../../src/issuance/configuration/configuration-watch.js';
import { RememberedConfiguration } from '../../src/issuance/configuration/remembered-configuration.js';
import { resolveIssuanceOptions } from '../../src/issuance/issuance.options.js';
import { KeyRing } from '../../src/issuance/keys/key-ring.js';
import { MasterKey } from '../../src/issuance/keys/master-key.js';
import type { ClientRecord, ClientStore } from '../../src/storage/client.store.js';
import type { KeyStore } from '../../src/storage/key.store.js';
import { RevocationKind } from '../../src/storage/revocation.store.js';
import type { LogCursor, LogReading, RevocationLogStore } from '../../src/storage/revocation-log.store.js';
import type { ScopeStore } from '../../src/storage/scope.store.js';
import { TestClock } from '../support/test-clock.js';

const CURSOR: LogCursor = { epoch: 'one', snapshot: '1:1:' };
const told = (...changes: string[]): LogReading => ({
  cursor: CURSOR,
  rows: changes.map((change) => ({ kind: RevocationKind.configuration, key: Buffer.from(change), expiresAt: new Date() })),
});

/** A watch over what is read from stores in memory, which count their readings, and a log that answers as it is told. */
function stage() {
  const clock = new TestClock();
  const reads: string[] = [];
  const since: (LogCursor | undefined)[] = [];
  const log = { answer: (): Promise<LogReading | undefined> => Promise.resolve(told()) };
  const note = <T>(name: string, value: T): Promise<T> => {
    reads.push(name);
    return Promise.resolve(value);
  };
  const clientStore = {
    find: (id: string) => note(id, { id, allowedOrigins: [`https://${id}.example`] } as unknown as ClientRecord),
    list: () => note('origins', []),
  } as Partial<ClientStore> as ClientStore;
  const scopeStore = { list: () => note('scopes', []) } as Partial<ScopeStore> as ScopeStore;
  const keyStore = { list: () => note('keys', []) } as Partial<KeyStore> as KeyStore;
  const logStore = {
    readKind: (_: RevocationKind, cursor: LogCursor | undefined) => {
      since.push(cursor);
      return log.answer();
    },
  } as Partial<RevocationLogStore> as RevocationLogStore;
  const masterKey = Buffer.alloc(32);
  const clients = new ClientDirectory(clientStore, clock);
  const policy = new ClientPolicy(resolveIssuanceOptions({ issuer: 'http://localhost', masterKey }), scopeStore, clock);
  const keys = new KeyRing(keyStore, new MasterKey(masterKey), clock);
  const watch = new ConfigurationWatch(logStore, new RememberedConfiguration(clients, policy, keys), clock);
  /** What had to be read to use all of it. */
  const used = async (): Promise<string[]> => {
    await Promise.all([clients.find('a'), clients.find('b'), clients.anyAllows('https://a.example'), policy.knownScopes()]);
    return reads.splice(0);
  };
  const warm = async (): Promise<void> => {
    await keys.reload();
    await watch.look();
    await used();
  };
  return { watch, log, since, reads, used, warm, clock };
}

const ALL = ['a', 'b', 'origins', 'scopes'];
const turns = () => new Promise((resolve) => setImmediate(resolve));

describe('A watch of the configuration', () => {
  it('has what was read before its first look forgotten, and lets be remembered what was read after it', async () => {
    const { watch, since, used, reads } = stage();
    expect(await used()).toEqual(ALL);
    expect(await used()).toEqual([]);
    await watch.look();
    expect(reads.splice(0)).toEqual([]); // keys that nobody has read yet are nobody's
    expect(await used()).toEqual(ALL);
    for (let n = 0; n < 59; n++) await watch.tick();
    expect(await used()).toEqual([]);
    expect(new Set(since.slice(1))).toEqual(new Set([CURSOR]));
  });

  it.each([
    [['client:a'], ['a', 'origins']],
    [
      ['client:a', 'client:a', 'client:other'],
      ['a', 'origins'],
    ],
    [['scopes'], ['scopes']],
    [['keys'], ['keys']],
    [
      ['client:b', 'keys', 'scopes'],
      ['keys', 'b', 'origins', 'scopes'],
    ],
    [['something new'], ['keys', ...ALL]],
    [[], []],
  ])('has forgotten after %j: %j', async (changes, expected) => {
    const { watch, log, used, warm } = stage();
    await warm();
    log.answer = () => Promise.resolve(told(...changes));
    await watch.tick();
    expect(await used()).toEqual(expected);
    log.answer = () => Promise.resolve(told());
    await watch.tick();
    expect(await used()).toEqual([]);
  });

  it.each<[string, () => Promise<LogReading | undefined>]>([
    ['the log cannot be read', () => Promise.reject(new Error('away'))],
    ['the database has another life', () => Promise.resolve(undefined)],
  ])('while %s, everything is forgotten each time, and once more when it can tell where to go on', async (_, answer) => {
    const { watch, log, since, used, warm } = stage();
    await warm();
    log.answer = answer;
    for (let n = 0; n < 3; n++) {
      await watch.tick();
      expect(await used()).toEqual(['keys', ...ALL]);
    }
    log.answer = () => Promise.resolve(told());
    await watch.tick();
    expect([since.at(-1), await used()]).toEqual([undefined, ['keys', ...ALL]]);
    await watch.tick();
    expect([since.at(-1), await used()]).toEqual([CURSOR, []]);
  });

  it('while no answer comes, everything is forgotten each second, and nothing more is asked', async () => {
    const { watch, log, since, used, warm } = stage();
    await warm();
    let answer: (reading: LogReading) => void = () => undefined;
    log.answer = () => new Promise((resolve) => (answer = resolve));
    void watch.tick();
    await turns();
    const asked = since.length;
    expect(await used()).toEqual([]);
    for (let n = 0; n < 3; n++) {
      await watch.tick();
      expect(await used()).toEqual(['keys', ...ALL]);
    }
    expect(since).toHaveLength(asked);
    answer(told('client:a'));
    await watch.settled();
    expect(await used()).toEqual(['a', 'origins']);
  });

  it('looks anew for whoever asks while a look is under way', async () => {
    const { watch, log, used, warm } = stage();
    await warm();
    const answers: ((reading: LogReading) => void)[] = [];
    log.answer = () => new Promise((resolve) => answers.push(resolve));
    void watch.tick();
    const looked = watch.look();
    answers[0]?.(told());
    await turns();
    answers[1]?.(told('scopes'));
    await looked;
    expect(await used()).toEqual(['scopes']);
  });
});
