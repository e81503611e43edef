import { EnvironmentError } from './environment.js';
import { errorFields, withoutSecrets } from './logging/error-fields.js';
import { CannotGoOnError } from './running-service.js';

/** What whoever runs the service reads when a process cannot do what it is for. */
export function refusalOf(error: unknown): string {
  if (error instanceof EnvironmentError) return error.message;
  return `Countersign cannot ${error instanceof CannotGoOnError ? 'go on' : 'start'}: ${reasonOf(error)}`;
}

/** The reason alone. */
export const reasonOf = (error: unknown): string => withoutSecrets(errorFields(error).message);
