interface Entry<Value> {
  readonly key: string;
  value: Value;
  older: Entry<Value>;
  newer: Entry<Value>;
}

/**
 * A map that holds at most `size` values; the least recently used goes first. Their order is a ring of its own: moved to the end of the `Map` instead,
 * each use would leave a gap there, at a hundred times the cost.
 */
export class Recent<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  /** Between the newest and the oldest; no entry itself. */
  #ends = ends<Value>();

  constructor(private readonly size: number) {}

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry !== this.#ends.older) {
      takeOut(entry);
      this.#append(entry);
    }
    return entry.value;
  }

  set(key: string, value: Value): void {
    const known = this.#entries.get(key);
    if (known) takeOut(known);
    const entry = { key, value, older: this.#ends, newer: this.#ends };
    this.#entries.set(key, entry);
    this.#append(entry);
    if (this.#entries.size > this.size) this.delete(this.#ends.newer.key);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    takeOut(entry);
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#ends = ends();
  }

  #append(entry: Entry<Value>): void {
    entry.older = this.#ends.older;
    entry.newer = this.#ends;
    entry.older.newer = entry;
    this.#ends.older = entry;
  }
}

/** A ring of nothing. */
function ends<Value>(): Entry<Value> {
  const none = { key: '' } as Entry<Value>;
  none.older = none;
  none.newer = none;
  return none;
}

function takeOut<Value>({ older, newer }: Entry<Value>): void {
  older.newer = newer;
  newer.older = older;
}
