import type { Statement } from './statement.js';

/** What a parameter of a statement can be. Undefined and null are NULL. */
export type Value = string | number | bigint | boolean | Date | Buffer | readonly string[] | null | undefined;

/** How a text names its parameters: those of the one call, or the columns of all that were asked. */
export type Names<Name extends string> = Readonly<Record<Name, string>>;

/** A statement with the values of one call, or of many that share it. */
export interface SharedRun {
  readonly statement: Statement;
  readonly values: readonly unknown[];
  readonly calls: number;
}

/**
 * How long the rows of many may wait for one that something else holds: then the statement is given up, and each call goes by itself. For this statement
 * only, and set before its first row is looked for.
 */
const LOCK_TIMEOUT = `(select set_config('lock_timeout', '250ms', true)) as lock_timeout`;

/** A statement for one call, and the same for many that share it; the text is written once. */
export class SharedSql<Name extends string> {
  readonly one: Statement;
  /** Its rows say in `n`, from 1, which call they answer. */
  readonly many: Statement;

  private readonly parameters: readonly Name[];

  /**
   * @param types SQL type by parameter, in order
   * @param write the text with these names. For many, `asked` is what yields a row `k` for each call, which must be in reach wherever a name stands
   */
  constructor(
    name: string,
    private readonly types: Readonly<Record<Name, string>>,
    write: (p: Names<Name>, asked: string | undefined) => string,
  ) {
    this.parameters = Object.keys(types) as Name[];
    const named = (of: (parameter: Name, index: number) => string): Names<Name> =>
      Object.fromEntries(this.parameters.map((parameter, index) => [parameter, of(parameter, index)])) as Record<Name, string>;
    const single = named((parameter, index) => `$${index + 1}::${types[parameter]}`);
    const column = named((parameter) => `k.${quoted(parameter)}${this.isArray(parameter) ? `::${types[parameter]}` : ''}`);
    this.one = { name, text: write(single, undefined) };
    this.many = { name: `${name}_many`, text: write(column, this.asked) };
  }

  /** One call alone has the simpler statement, and so the cheaper plan. */
  of(calls: readonly Readonly<Record<Name, Value>>[]): SharedRun {
    const [only] = calls;
    return only && calls.length === 1
      ? { statement: this.one, values: this.parameters.map((parameter) => only[parameter] ?? null), calls: 1 }
      : { statement: this.many, values: this.parameters.map((name) => arrayText(calls.map((call) => call[name]))), calls: calls.length };
  }

  private get asked(): string {
    // Arrays of arrays would have to be of one length: an array travels as its text.
    const columns = this.parameters.map((name, index) => `$${index + 1}::${this.isArray(name) ? 'text' : this.types[name]}[]`);
    return `${LOCK_TIMEOUT}, unnest(${columns.join(', ')}) with ordinality as k (${[...this.parameters, 'n'].map(quoted).join(', ')})`;
  }

  private isArray(parameter: Name): boolean {
    return this.types[parameter].endsWith('[]');
  }
}

const quoted = (name: string): string => `"${name}"`;

/** PostgreSQL's text of an array; `pg` would write the same, at several times the cost. */
const arrayText = (values: readonly Value[]): string => `{${values.map(elementText).join(',')}}`;

function elementText(value: Value): string {
  if (value === undefined || value === null) return 'NULL';
  if (typeof value === 'string') return escaped(value);
  if (value instanceof Date) return dateText(value);
  if (Buffer.isBuffer(value)) return `"\\\\x${value.toString('hex')}"`;
  return Array.isArray(value) ? escaped(arrayText(value)) : String(value);
}

let lastDate = 0;
let lastText = new Date(lastDate).toISOString();

/** Calls that share a statement are of the same moment, and what they issue ends at the same second: a column's dates are mostly one. */
function dateText(date: Date): string {
  const time = date.getTime();
  if (time !== lastDate) {
    lastText = date.toISOString();
    lastDate = time;
  }
  return lastText;
}

const escaped = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;
