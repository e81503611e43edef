import { inspect } from 'node:util';
import type { LoggerService } from '@nestjs/common';
import type { DestinationStream } from 'pino';

const METHODS = ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'] as const;
const CONSOLE = ['log', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** Everything the process says: lines of the log, what was handed to the logger before it was made a line, stdout, stderr and console. */
export class CapturedOutput {
  readonly lines: string[] = [];
  readonly handed: string[] = [];
  readonly written: string[] = [];
  private readonly undo: (() => void)[] = [];

  /** Where the log's lines go. */
  readonly stream: DestinationStream = { write: (line) => void this.lines.push(line) };

  start(): void {
    for (const stream of [process.stdout, process.stderr]) {
      const original = stream.write;
      stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
        this.written.push(Buffer.from(chunk as Uint8Array).toString('utf8'));
        return original.call(stream, chunk, ...rest);
      }) as typeof stream.write;
      this.undo.push(() => (stream.write = original));
    }
    const all = console as unknown as Record<string, (...parts: unknown[]) => void>;
    for (const method of CONSOLE) {
      const original = all[method];
      all[method] = (...parts) => void this.written.push(parts.map((part) => inspect(part, DEEPLY)).join(' '));
      this.undo.push(() => void (original && (all[method] = original)));
    }
  }

  stop(): void {
    for (const step of this.undo.splice(0)) step();
  }

  /** The logger itself, and what it is handed, errors with all they carry. */
  recording(logger: LoggerService): LoggerService {
    const target = logger as unknown as Record<string, ((...parts: unknown[]) => void) | undefined>;
    const entries = METHODS.map((method) => [
      method,
      (...parts: unknown[]) => {
        this.handed.push(parts.map((part) => inspect(part, DEEPLY)).join(' '));
        target[method]?.call(logger, ...parts);
      },
    ]);
    return Object.fromEntries(entries) as LoggerService;
  }
}

const DEEPLY = { depth: 20, maxArrayLength: null, maxStringLength: null, showHidden: false, breakLength: Infinity } as const;
