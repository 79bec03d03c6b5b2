import type { NumericRules, NumericSpec } from '../descriptor.js';
import type { Actions } from '../report.js';
import { type NumberParser, numberParser } from '../values/number.js';
import type { Cleaner, Fault } from './cleaner.js';
import { type Bounds, outlierBounds, tame } from './outliers.js';
import { mean, quantile, Sample } from './sample.js';

/** Rules of one numeric column; NaN = missing. */
export class NumericCleaner implements Cleaner<number> {
  readonly needsStatistics: boolean;
  private readonly parse: NumberParser;
  private readonly codes: ReadonlySet<number>;
  private readonly map: ReadonlyMap<string, string>;
  private readonly sample = new Sample();
  private bounds: Bounds | undefined;
  private filling = Number.NaN;

  constructor(
    private readonly spec: Omit<NumericSpec, 'type'> & NumericRules,
    private readonly nulls: ReadonlySet<string>,
    decimal: '.' | ',',
  ) {
    this.parse = numberParser(decimal);
    this.codes = new Set(spec.codes ?? []);
    this.map = mapOf(spec.map);
    const { missing } = spec;
    this.needsStatistics = Boolean(spec.outliers) || missing === 'mean' || missing === 'median';
    if (typeof missing === 'object') this.filling = missing.constant;
  }

  observe(text: string): void {
    const value = this.number(text);
    if (!Number.isNaN(value) && !this.codes.has(value) && !this.isImpossible(value)) this.sample.add(value);
  }

  settle(): void {
    const sorted = this.sample.sorted();
    const { outliers, missing } = this.spec;
    if (outliers) this.bounds = outlierBounds(sorted, outliers);
    const { bounds } = this;
    const usual = bounds
      ? sorted.map((value) => tame(value, bounds, outliers?.action ?? 'clip')).filter((value) => !Number.isNaN(value))
      : sorted;
    if (missing === 'mean') this.filling = mean(usual);
    if (missing === 'median') this.filling = quantile(usual, 0.5);
  }

  clean(text: string, actions: Actions, fault: Fault): number {
    if (this.nulls.has(this.mapped(text))) return Number.NaN;
    const value = this.number(text);
    if (this.codes.has(value)) return value;
    if (Number.isNaN(value)) return this.refuse('unreadable number', actions, fault);
    if (this.isImpossible(value)) {
      if (this.spec.impossible !== 'clip') return this.refuse('impossible value', actions, fault);
      actions.count('impossible value, clipped');
      return Math.min(Math.max(value, this.spec.min ?? value), this.spec.max ?? value);
    }
    if (!this.bounds) return value;
    const action = this.spec.outliers?.action ?? 'clip';
    const tamed = tame(value, this.bounds, action);
    if (tamed !== value) actions.count(action === 'clip' ? 'outlier, clipped' : 'outlier, missing');
    return tamed;
  }

  fill(value: number, actions: Actions, fault: Fault): number {
    if (!Number.isNaN(value)) return value;
    const { missing = 'own' } = this.spec;
    if (missing === 'reject') fault.reason ??= 'missing value';
    const name = typeof missing === 'object' ? 'constant' : missing;
    actions.count(name === 'own' || name === 'reject' ? 'missing' : `missing, filled by ${name}`);
    return this.filling;
  }

  private refuse(what: string, actions: Actions, fault: Fault): number {
    if (this.spec.impossible === 'reject') fault.reason ??= what;
    else actions.count(`${what}, missing`);
    return Number.NaN;
  }

  private number(text: string): number {
    const mapped = this.mapped(text);
    return this.nulls.has(mapped) ? Number.NaN : this.parse(mapped);
  }

  private mapped(text: string): string {
    return this.map.size > 0 ? (this.map.get(text) ?? text) : text;
  }

  private isImpossible(value: number): boolean {
    return value < (this.spec.min ?? Number.NEGATIVE_INFINITY) || value > (this.spec.max ?? Number.POSITIVE_INFINITY);
  }
}

/** @returns text → text; null maps to the missing value. */
export function mapOf(map: Readonly<Record<string, string | number | null>> | undefined): ReadonlyMap<string, string> {
  return new Map(Object.entries(map ?? {}).map(([from, to]) => [from, to === null ? '' : String(to)]));
}
