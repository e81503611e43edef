import { destination as toDescriptor, pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { requestContext } from './request-context.js';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
export type Log = Logger;

export const STDOUT = 1;
export const STDERR = 2;

/**
 * JSON, one object a line. Written at once: a line must not be lost with the process it would explain.
 * @param everywhere fields of every line
 */
export const createLog = (level: LogLevel, destination: number | DestinationStream, everywhere: Record<string, unknown> = {}): Log =>
  pino(
    {
      level,
      base: everywhere,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (fields: unknown) => fields }, // pino's own would add whatever an error carries; ours come cut to what is safe
      mixin: () => requestContext.getStore() ?? {},
    },
    typeof destination === 'number' ? toDescriptor({ fd: destination, sync: true }) : destination,
  );
