/** Values kept for medians and quantiles: so many are exact, more are a uniform sample of so many. */
const CAPACITY = 1 << 20;

/** A bounded, reproducible sample of a stream of numbers. */
export class Sample {
  private values = new Float64Array(1024);
  private seen = 0;
  private state = 0x9e3779b9;

  add(value: number): void {
    const at = this.seen++;
    if (at < CAPACITY) {
      if (at === this.values.length) {
        const grown = new Float64Array(Math.min(CAPACITY, at * 4));
        grown.set(this.values);
        this.values = grown;
      }
      this.values[at] = value;
      return;
    }
    const slot = Math.floor(this.random() * this.seen);
    if (slot < CAPACITY) this.values[slot] = value;
  }

  /** @returns the values, ascending. */
  sorted(): Float64Array {
    return this.values.slice(0, Math.min(this.seen, CAPACITY)).sort();
  }

  /** mulberry32: the same file gives the same sample. */
  private random(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}

/** @returns the mean, NaN of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** @returns the quantile between its neighbours, linearly (type 7); NaN of nothing. @param sorted ascending. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}
