/** The arrows of the architecture: service → issuance → identity → (validation, session) → storage → protocol. */
const above = {
  protocol: 'storage|validation|session|identity|issuance|service|testing|client',
  storage: 'validation|session|identity|issuance|service|testing|client',
  validation: 'session|identity|issuance|service|testing|client',
  session: 'validation|identity|issuance|service|testing|client',
  identity: 'session|issuance|service|testing|client',
  issuance: 'session|service|testing|client',
  client: '[^/]+(?<!client)',
  testing: 'storage|validation|session|identity|issuance|service|client',
};

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(above).map(([folder, others]) => ({
      name: `${folder}-looks-down-only`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: `^src/(${others})/` },
    })),
    {
      name: 'only-storage-postgres-knows-the-database',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/storage/postgres/' },
      to: { path: '^node_modules/(typeorm|pg|@types/pg|pg-[^/]+)/' },
    },
    {
      name: 'only-service-imports-storage-postgres',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(storage/postgres|service)/' },
      to: { path: '^src/storage/postgres/' },
    },
    {
      name: 'nothing-imports-service-but-the-entry-points',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(service/|main\\.ts|worker\\.ts|cli\\.ts)' },
      to: { path: '^src/service/' },
    },
    {
      name: 'nothing-imports-testing',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'testing-needs-jose-only',
      severity: 'error',
      from: { path: '^src/testing/' },
      to: { path: '^node_modules/', pathNot: '^node_modules/(jose|@types/node)/' },
    },
    {
      name: 'protocol-is-pure',
      severity: 'error',
      from: { path: '^src/protocol/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^node_modules/' },
    },
    {
      name: 'client-imports-nothing-not-even-of-node',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { pathNot: '^src/client/' },
    },
    {
      name: 'guards-need-no-fastify-and-no-express',
      severity: 'error',
      from: { path: '^src/validation/' },
      to: { path: '^node_modules/(fastify|express|@nestjs/platform-[^/]+)/' },
    },
    {
      name: 'guards-load-sockets-and-messages-only-where-they-are-used',
      severity: 'error',
      from: { path: '^src/validation/', pathNot: '^src/validation/calls/nest-exceptions\\.ts$' },
      to: { path: '^node_modules/(@nestjs/(websockets|microservices|graphql|mercurius)|ws|socket\\.io[^/]*|graphql|mercurius)/' },
    },
    {
      name: 'inside-the-package-import-the-file-itself',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/.*/index\\.ts$' },
    },
    { name: 'no-test-code-in-src', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench|examples)/' } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.check.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
