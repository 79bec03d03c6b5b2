/** A map whose entries end, and which holds only so many: the oldest go first. */
export class ExpiringMap<K, V> {
  private readonly entries = new Map<K, { value: V; until: number }>();

  constructor(
    private readonly most: number,
    private readonly now: () => number = Date.now,
  ) {}

  get(key: K): V | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (entry.until > this.now()) return entry.value;
    this.entries.delete(key);
    return undefined;
  }

  set(key: K, value: V, forMs: number): void {
    this.entries.delete(key);
    this.entries.set(key, { value, until: this.now() + forMs });
    if (this.entries.size > this.most) this.entries.delete(this.entries.keys().next().value as K);
  }
}
