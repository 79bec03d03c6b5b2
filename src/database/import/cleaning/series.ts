import type { SeriesRules, SmoothingRule } from '../descriptor.js';

/**
 * Cleans one series, value by value in order of time; NaN = missing. Each result depends on this value and those before it only, so nothing of
 * the future leaks into the past.
 */
export class SeriesCleaner {
  private last = Number.NaN;
  private smoothed = Number.NaN;
  private readonly window: number[] = [];

  constructor(private readonly rules: SeriesRules) {}

  /** @returns the value to use, and what was done. */
  next(observed: number): { value: number; isCarried: boolean; isSmoothed: boolean } {
    const isCarried = Number.isNaN(observed) && this.rules.missing === 'last' && !Number.isNaN(this.last);
    const value = isCarried ? this.last : observed;
    if (!Number.isNaN(observed)) this.last = observed;
    const { smooth } = this.rules;
    if (!smooth || Number.isNaN(value)) return { value, isCarried, isSmoothed: false };
    const result = this.smooth(value, smooth);
    return { value: result, isCarried, isSmoothed: result !== value };
  }

  private smooth(value: number, rule: SmoothingRule): number {
    if (rule.rule === 'exponential') {
      this.smoothed = Number.isNaN(this.smoothed) ? value : rule.alpha * value + (1 - rule.alpha) * this.smoothed;
      return this.smoothed;
    }
    this.window.push(value);
    if (this.window.length > rule.window) this.window.shift();
    if (rule.rule === 'moving-average') return this.window.reduce((sum, each) => sum + each, 0) / this.window.length;
    const sorted = [...this.window].sort((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  }
}
