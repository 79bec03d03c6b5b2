import type { CategoricalSpec } from '../descriptor.js';
import type { Actions } from '../report.js';
import { detached, LONGEST_TEXT } from '../values/text.js';
import type { Cleaner, Fault } from './cleaner.js';
import { mapOf } from './numeric.js';

/** Categories that are not listed become this one, unless the descriptor says otherwise. */
export const UNKNOWN = 'unknown';

/** Rules of one categorical column; null = missing. */
export class CategoricalCleaner implements Cleaner<string | null> {
  readonly needsStatistics: boolean;
  private readonly map: ReadonlyMap<string, string>;
  private readonly categories: ReadonlySet<string> | undefined;
  private readonly counts = new Map<string, number>();
  private filling: string | null = null;

  constructor(
    private readonly spec: Omit<CategoricalSpec, 'type'>,
    private readonly nulls: ReadonlySet<string>,
  ) {
    this.map = mapOf(spec.map);
    this.categories = spec.categories && new Set(spec.categories);
    this.needsStatistics = spec.missing === 'mode';
    if (typeof spec.missing === 'object') this.filling = spec.missing.constant;
  }

  observe(text: string): void {
    const value = this.known(this.mapped(text));
    if (value !== null) this.counts.set(value, (this.counts.get(value) ?? 0) + 1);
  }

  settle(): void {
    if (this.spec.missing !== 'mode') return;
    let most = 0;
    for (const [value, count] of this.counts) {
      if (count > most) [most, this.filling] = [count, value];
    }
  }

  clean(text: string, actions: Actions, fault: Fault): string | null {
    const mapped = this.mapped(text);
    if (mapped !== text) actions.count('mapped');
    if (this.nulls.has(mapped)) return null;
    if (mapped.length > LONGEST_TEXT) fault.reason ??= `longer than ${LONGEST_TEXT} characters`;
    const value = this.known(mapped);
    if (value === mapped) return detached(value);
    if (this.spec.unknown === 'reject') fault.reason ??= 'unknown category';
    else actions.count(value === null ? 'unknown category, missing' : `unknown category, ${value}`);
    return value;
  }

  fill(value: string | null, actions: Actions, fault: Fault): string | null {
    if (value !== null) return value;
    const { missing = 'own' } = this.spec;
    if (missing === 'reject') fault.reason ??= 'missing value';
    const name = typeof missing === 'object' ? 'constant' : missing;
    actions.count(name === 'own' || name === 'reject' ? 'missing' : `missing, filled by ${name}`);
    return this.filling;
  }

  private mapped(text: string): string {
    return this.map.size > 0 ? (this.map.get(text) ?? text) : text;
  }

  /** @returns the category, or what stands for one that is not listed. */
  private known(text: string): string | null {
    if (this.nulls.has(text)) return null;
    if (!this.categories || this.categories.has(text)) return text;
    const { unknown = 'own' } = this.spec;
    if (typeof unknown === 'object') return unknown.as;
    return unknown === 'own' ? UNKNOWN : null;
  }
}
