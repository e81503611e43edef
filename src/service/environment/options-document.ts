import { Environment } from './variables.js';
import { variablesOf } from './variable.decorator.js';

/** The text of `docs/options.md`. */
export function optionsDocument(): string {
  const rows = variablesOf(Environment).map(({ name, kind, default: fallback, defaultMeaning, meaning }) => {
    const inForce = fallback === undefined ? (defaultMeaning ?? '') : `\`${fallback}\``;
    return `| \`${name}\` | ${kind.type} | ${inForce} | ${meaning} |`;
  });
  return [
    '# Options of the service',
    '',
    '<!-- Generated from src/service/environment/*variables.ts by `npm run docs:options`. -->',
    '',
    'Environment variables. An empty one counts as not set; what does not fit is refused at start, all faults at once. Each is also an option of a module',
    '(`IssuanceModule`, `IdentityModule`, `PostgresStorageModule`) for applications that import those. Switches take `on` or `off` (also `true`, `false`, `1`, `0`, `yes`, `no`).',
    '',
    '| variable | value | default | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
