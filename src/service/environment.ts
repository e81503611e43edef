import { validateSync } from 'class-validator';
import { contradictions } from './environment/contradictions.js';
import { UNREADABLE } from './environment/variable-kinds.js';
import { variablesOf } from './environment/variable.decorator.js';
import { Environment } from './environment/variables.js';

/** Everything that is wrong with the environment, each fault with the variable and what to change. */
export class EnvironmentError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(['The environment does not fit:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
    this.name = 'EnvironmentError';
  }
}

/** Reads and checks the environment: nothing else reads `process.env`. An empty variable counts as not set. @throws EnvironmentError */
export function readEnvironment(source: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const environment = new Environment();
  const values = environment as unknown as Record<string, unknown>;
  for (const { name, kind, default: fallback } of variablesOf(Environment)) {
    const given = source[name]?.trim() || fallback;
    values[name] = given === undefined ? undefined : (kind.read(given) ?? UNREADABLE);
  }
  const misfits = validateSync(environment);
  for (const { property } of misfits) values[property] = undefined; // the checks across variables look at the rest
  const faults = misfits.flatMap(({ constraints = {} }) => Object.values(constraints));
  faults.push(...contradictions(environment, new Set(misfits.map(({ property }) => property))));
  if (faults.length > 0) throw new EnvironmentError(faults);
  return environment;
}

/** The same for a command, which logs warnings unless told otherwise. @throws EnvironmentError */
export const readCommandEnvironment = (source: Readonly<Record<string, string | undefined>> = process.env): Environment =>
  readEnvironment({ ...source, LOG_LEVEL: source['LOG_LEVEL']?.trim() || 'warn' });
