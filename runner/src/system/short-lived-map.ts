/**
 * A long-lived map for thousands of short-lived entries per second.
 *
 * V8 keeps rebuilding the table of such a `Map`. Each old table keeps its entries and a link to the
 * next table. Once one old table is in the old generation, all later tables and everything that
 * their entries reference survive until the next full collection. Measured with deliveries: each
 * young collection copied 10 MB in 17 ms. With this class it copies 0.8 MB in 3 ms, because the old
 * tables reference only empty cells.
 */
export class ShortLivedMap<Key, Value> {
  readonly #cells = new Map<Key, Cell<Value>>();

  get size(): number {
    return this.#cells.size;
  }

  get(key: Key): Value | undefined {
    return this.#cells.get(key)?.value;
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    this.#cells.set(key, { value });
  }

  delete(key: Key): void {
    const cell = this.#cells.get(key);
    if (cell === undefined) return;
    cell.value = undefined;
    this.#cells.delete(key);
  }

  /** The values in insertion order. */
  values(): Value[] {
    return [...this.#cells.values()].map((cell) => cell.value as Value);
  }
}

interface Cell<Value> {
  value: Value | undefined;
}
