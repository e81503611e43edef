import type { LoggerService } from '@nestjs/common';
import { errorFields, withoutSecrets } from './error-fields.js';
import type { Log, LogLevel } from './log.js';

/** What Nest tells of its own start: one line for each module and route. */
const CHATTER = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication']);

/** Nest's loggers on pino. A message is a text, an error, or an object whose `msg` is the text; errors in it are cut to what is safe. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Log) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  /** The arguments between are a stack, where there are two. */
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(level: LogLevel, message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    const stack = rest.length > 1 ? rest[0] : undefined;
    const fields = {
      ...(typeof context === 'string' && { context }),
      ...(typeof stack === 'string' && { stack: withoutSecrets(stack) }),
      ...fieldsOf(message),
    };
    this.pino[level === 'info' && CHATTER.has(String(context)) ? 'debug' : level](fields);
  }
}

function fieldsOf(message: unknown): Record<string, unknown> {
  if (message instanceof Error) {
    const err = errorFields(message);
    return { msg: err.message, err };
  }
  if (typeof message !== 'object' || message === null) return { msg: withoutSecrets(String(message)) };
  return Object.fromEntries(Object.entries(message).map(([name, value]) => [name, safe(value)]));
}

function safe(value: unknown): unknown {
  if (value instanceof Error) return errorFields(value);
  return typeof value === 'string' ? withoutSecrets(value) : value;
}
