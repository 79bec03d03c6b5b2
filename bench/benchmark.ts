import type { BackendName } from '../src/engine/backends/backend.js';

/** Figures of one thing measured: most benchmarks have one, {value, unit}. */
export interface Result {
  /** What was measured: "recommendations, 10 products". */
  readonly name: string;
  /** value; unit: "requests/s", "ms", "rows/s", "ratio"; or figures by their own names. */
  readonly [figure: string]: string | number;
}

export interface BenchmarkOptions {
  /** How long each part is measured. */
  readonly seconds: number;
  /** What is going on, for people. */
  readonly progress: (text: string) => void;
  /** What computes; for benchmarks that compare on one backend. */
  readonly backend: BackendName | 'auto';
  /** Sizes of models; for benchmarks of memory. */
  readonly parameters: readonly number[];
  /** Where data sets lie, a folder each, by the names of their descriptors. */
  readonly data?: string;
  /** Which of them; none: all that are there. */
  readonly sets: readonly string[];
  /** Which models; none: all. */
  readonly models: readonly string[];
  readonly seeds: readonly number[];
  /** Measures again what is known already. */
  readonly fresh: boolean;
}

export interface Benchmark {
  readonly description: string;
  /** An option without which it cannot run: it runs only where that is given. */
  readonly needs?: 'data';
  run(options: BenchmarkOptions): Promise<Result[]>;
}

/** The value below which this share of the values lies; sorts them. */
export function quantile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(share * values.length))];
}

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
