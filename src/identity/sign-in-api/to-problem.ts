import { randomUUID } from 'node:crypto';
import { StorageUnavailableError } from '../../storage/storage-unavailable.error.js';
import { LaneFullError } from '../attempts/lane.js';
import { TooManyAttemptsError } from '../attempts/too-many-attempts.error.js';
import { FirstPartyTokenError } from '../first-party-tokens.js';
import type { PasswordRefusal } from '../passwords/password-policy.js';
import { UserError } from '../user-error.js';
import { Problem, type ProblemCode } from './problem.js';

const REFUSED: Record<PasswordRefusal, string> = {
  'too-short': 'It is too short.',
  'too-long': 'It is too long.',
  common: 'It is among the passwords that attackers try first.',
  'is-email': 'It is the e-mail address.',
};

/** What any error is to the outside. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TooManyAttemptsError)
    return new Problem('too-many-attempts', { headers: { 'Retry-After': String(error.retryAfter) } });
  if (error instanceof FirstPartyTokenError) return new Problem(error.problem);
  if (error instanceof UserError) return fromUserError(error);
  if (error instanceof StorageUnavailableError || error instanceof LaneFullError) {
    return new Problem('unavailable', { headers: { 'Retry-After': '1' }, cause: error });
  }
  const code = fromStatus(statusOf(error));
  if (code !== 'internal-error') return new Problem(code);
  return new Problem(code, { members: { instance: `urn:uuid:${randomUUID()}` }, cause: error });
}

export function passwordRefused(refusal: PasswordRefusal, field: string): Problem {
  return new Problem('password-refused', {
    detail: REFUSED[refusal],
    errors: [{ field, detail: REFUSED[refusal] }],
    members: { reason: refusal },
  });
}

export const invalidEmail = (): Problem => invalidField('email', 'It is not an e-mail address.');

export const invalidField = (field: string, detail: string): Problem => new Problem('invalid-request', { errors: [{ field, detail }] });

function fromUserError({ code, refusal }: UserError): Problem {
  if (code === 'email-taken') return new Problem('email-taken');
  if (code === 'name-invalid') return invalidField('displayName', 'It is too long, or holds characters that are not allowed.');
  return code === 'password-refused' && refusal ? passwordRefused(refusal, 'password') : invalidEmail();
}

/** Of errors of Nest (`getStatus`) and Fastify (`statusCode`). Theirs name internals, so nothing else is taken over. */
function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null) return 500;
  const { status, statusCode } = error as { status?: unknown; statusCode?: unknown };
  return typeof status === 'number' ? status : typeof statusCode === 'number' ? statusCode : 500;
}

function fromStatus(status: number): ProblemCode {
  if (status === 413) return 'too-large';
  if (status === 415) return 'unsupported-media-type';
  if (status === 404) return 'not-found';
  if (status === 429) return 'too-many-attempts';
  if (status === 503) return 'unavailable';
  return status >= 400 && status < 500 ? 'invalid-request' : 'internal-error';
}
