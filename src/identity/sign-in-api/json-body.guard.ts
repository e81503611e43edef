import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { ApiRequest } from './api-request.js';
import { Problem } from './problem.js';

/** Deeper than any body of ours. Reading a body into its class follows it down, some thousand levels to the end of the stack. */
const DEEPEST = 8;
const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i;

/**
 * Lets only JSON objects through, whatever else the host parses: a form or plain text could be sent by any page of another origin without asking
 * (Fetch §3.2.2, "simple" requests).
 */
@Injectable()
export class JsonBodyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { method, headers, body } = context.switchToHttp().getRequest<ApiRequest>();
    if (method !== 'POST') return true;
    const type = headers['content-type'];
    if (type !== undefined && !JSON_TYPE.test(type)) throw new Problem('unsupported-media-type');
    if (body === undefined) return true;
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw new Problem('invalid-request', { detail: 'The body must be an object.' });
    if (!isNoDeeper(body, DEEPEST)) throw new Problem('invalid-request', { detail: 'The body is nested too deeply.' });
    return true;
  }
}

const isNoDeeper = (value: unknown, levels: number): boolean =>
  typeof value !== 'object' || value === null || (levels > 0 && Object.values(value).every((member) => isNoDeeper(member, levels - 1)));
