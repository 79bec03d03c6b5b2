import type { Duplicates } from '../descriptor.js';
import type { Row } from '../files/csv-file.js';

interface Kept {
  readonly number: number;
  readonly line: number;
  readonly stamp: number;
}

/** Which of several rows with one key counts. */
export class Winners {
  /** Whether `observe` must see every row before `standing` is asked: a later row may win. */
  readonly needsSurvey: boolean;
  private readonly kept = new Map<string, Kept>();

  constructor(
    private readonly rule: Duplicates,
    private readonly stampOf?: (fields: readonly string[]) => number,
  ) {
    this.needsSurvey = rule === 'last' || stampOf !== undefined;
  }

  observe(key: string, row: Row): void {
    const stamp = this.stampOf?.(row.fields) ?? 0;
    const other = this.kept.get(key);
    if (!other || stamp > other.stamp || this.rule === 'last')
      this.kept.set(key, { number: row.number, line: row.line, stamp });
  }

  /** @returns whether the row counts, another stands for it, or it is refused because of another. */
  standing(key: string, row: Row): 'wins' | 'merged' | { readonly line: number } {
    const other = this.kept.get(key);
    if (!other || other.number === row.number) return 'wins';
    return this.rule === 'reject' ? { line: other.line } : 'merged';
  }

  /** The row was imported: where the first one counts, those that follow are its duplicates. */
  accept(key: string, row: Row): void {
    if (!this.needsSurvey) this.kept.set(key, { number: row.number, line: row.line, stamp: 0 });
  }

  mayWin(key: string, row: Row): boolean {
    return !this.needsSurvey || this.kept.get(key)?.number === row.number;
  }
}
