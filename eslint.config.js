import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'node_modules/', '**/*.js', '**/*.mjs', '.dependency-cruiser.cjs'] },
  ...tseslint.configs.strict,
  {
    // Constructor parameters are read at run time: their imports must not become type imports.
    languageOptions: { parserOptions: { emitDecoratorMetadata: true, experimentalDecorators: true } },
    rules: {
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', { max: 7 }],
      'no-console': 'error',
      '@typescript-eslint/no-extraneous-class': 'off', // Nest modules are classes without members
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  // Reading console output is what these are for.
  { files: ['examples/**', 'bench/**', 'src/cli.ts', 'src/cli/**'], rules: { 'no-console': 'off' } },
  { files: ['test/**', '**/*.spec.ts'], rules: { 'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }] } },
);
