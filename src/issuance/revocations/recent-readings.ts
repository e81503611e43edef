import type { LogRow } from '../../storage/revocation-log.store.js';

/** Readings that brought something are numbered; a position says up to which of them somebody has been told. */
interface Step {
  readonly position: number;
  readonly rows: readonly LogRow[];
}

/** The latest readings of the log, so that whoever resumes from one of them costs no query. */
export class RecentReadings {
  private readonly positions = new Map<string, number>();
  private steps: Step[] = [];
  private held = 0;
  private newest = 0;
  /** What came up to here is not held any more. */
  private floor = 0;

  constructor(
    private readonly mostRows: number,
    private readonly mostCursors: number,
  ) {}

  get position(): number {
    return this.newest;
  }

  /** @param cursor where the reading ends; undefined: nobody will name it */
  note(cursor: string | undefined, rows: readonly LogRow[]): void {
    if (rows.length > 0) {
      this.steps.push({ position: ++this.newest, rows });
      this.held += rows.length;
    }
    if (cursor !== undefined) this.positions.set(cursor, this.newest);
    this.forget();
  }

  /** Nothing that was noted can be continued: neither by its cursor nor by its position. */
  restart(): void {
    this.floor = ++this.newest;
    this.steps = [];
    this.held = 0;
    this.positions.clear();
  }

  /** Where a reading ended. Undefined: it is not among the latest. */
  find(cursor: string): number | undefined {
    const position = this.positions.get(cursor);
    return position !== undefined && position >= this.floor ? position : undefined;
  }

  /** What came after a position. Undefined: not all of it is held any more. */
  since(position: number): readonly LogRow[] | undefined {
    if (position < this.floor) return undefined;
    const later = this.steps.slice(this.steps.length - (this.newest - position));
    return later.length === 1 ? later[0]?.rows : later.flatMap(({ rows }) => rows);
  }

  private forget(): void {
    while (this.held > this.mostRows) {
      const oldest = this.steps.shift();
      if (!oldest) break;
      this.held -= oldest.rows.length;
      this.floor = oldest.position;
    }
    for (const cursor of this.positions.keys()) {
      if (this.positions.size <= this.mostCursors) break;
      this.positions.delete(cursor);
    }
  }
}
