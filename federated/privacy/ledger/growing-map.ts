/** Changes that are kept apart, and copied with each further one, before they are merged into the rest. */
const MOST_RECENT = 256;

/**
 * A map of which every change is another map, as budgets are values: what has not changed lately is shared. Thousands of changes cost
 * little more than as many to one map; copying all of it at each would cost their square.
 */
export class GrowingMap<K, V> {
  private constructor(
    private readonly rest: ReadonlyMap<K, V>,
    private readonly recent: ReadonlyMap<K, V>,
  ) {}

  static empty<K, V>(): GrowingMap<K, V> {
    return new GrowingMap<K, V>(new Map(), new Map());
  }

  get(key: K): V | undefined {
    return this.recent.has(key) ? this.recent.get(key) : this.rest.get(key);
  }

  has(key: K): boolean {
    return this.recent.has(key) || this.rest.has(key);
  }

  with(key: K, value: V): GrowingMap<K, V> {
    const recent = new Map(this.recent).set(key, value);
    return recent.size < MOST_RECENT
      ? new GrowingMap(this.rest, recent)
      : new GrowingMap(merged(this.rest, recent), new Map());
  }

  /** All of this, and all of the other, whose values count where both have a key. */
  and(other: GrowingMap<K, V>): GrowingMap<K, V> {
    return new GrowingMap(merged(this.all(), other.all()), new Map());
  }

  /** In the order in which keys came. */
  values(): IterableIterator<V> {
    return this.all().values();
  }

  private all(): ReadonlyMap<K, V> {
    return this.recent.size === 0 ? this.rest : merged(this.rest, this.recent);
  }
}

const merged = <K, V>(first: ReadonlyMap<K, V>, second: ReadonlyMap<K, V>): Map<K, V> => new Map([...first, ...second]);
