/** Where a command reads and writes; the process's own, or a test's. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>> | undefined;
  out(text: string): void;
  err(text: string): void;
  /** All of standard input. */
  read(): Promise<string>;
  /** Asks a person for something that is not shown. @throws Refusal where nobody can be asked */
  ask(question: string): Promise<string>;
}

/** What a command answers: for programs, and for people. */
export interface Result {
  readonly data: unknown;
  readonly human: string;
}

/** The command was understood, and refused or without an object. Exit status 1. */
export class Refusal extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Refusal';
  }
}

/** The command line was not understood. Exit status 2. */
export class Misuse extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Misuse';
  }
}

export const message = (text: string, data: object = {}): Result => ({ data: { message: text, ...data }, human: text });

/** Columns as wide as their longest cell. */
export function table(rows: readonly Readonly<Record<string, unknown>>[], columns: readonly string[]): Result {
  const cells = [columns.map((column) => column.toUpperCase()), ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  const lines = cells.map((line) =>
    line
      .map((value, index) => value.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return { data: rows, human: rows.length === 0 ? 'None.' : lines.join('\n') };
}

/** One thing, a line for each property that has a value. */
export function record(data: Readonly<Record<string, unknown>>, secret: Readonly<Record<string, unknown>> = {}): Result {
  const all = { ...data, ...secret };
  const width = Math.max(...Object.keys(all).map((name) => name.length));
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined || cell(value) === '' ? [] : [`${name.padEnd(width)}  ${cell(value)}`],
  );
  return { data: all, human: lines.join('\n') };
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(cell).join(' ');
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, inner]) => `${name}=${cell(inner)}`)
      .join(' ');
  }
  // What others chose (display names, user agents) must not steer the terminal, nor turn the rest of the line around.
  return String(value)
    .replace(/\p{Cf}/gu, '')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
}
