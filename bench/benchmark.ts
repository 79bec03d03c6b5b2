/** One figure of a benchmark. */
export interface Result {
  /** What was measured: "recommendations, 10 products". */
  readonly name: string;
  readonly value: number;
  /** "requests/s", "ms", "rows/s", "ratio". */
  readonly unit: string;
}

export interface BenchmarkOptions {
  /** How long each part is measured. */
  readonly seconds: number;
  /** What is going on, for people. */
  readonly progress: (text: string) => void;
}

export interface Benchmark {
  readonly description: string;
  run(options: BenchmarkOptions): Promise<Result[]>;
}

/** The value below which this share of the values lies; sorts them. */
export function quantile(values: number[], share: number): number {
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(share * values.length))];
}

export const round = (value: number, digits = 1): number => Number(value.toFixed(digits));
