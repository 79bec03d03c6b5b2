import { badInput } from '../../../errors.js';
import type { DateSpec } from '../descriptor.js';
import type { Actions } from '../report.js';
import { type DateParser, dateParser, daysOf } from '../values/date.js';
import type { Cleaner, Fault } from './cleaner.js';

/** Dates beyond are typing errors or stand for "never" (9999-12-31), unless the descriptor says otherwise. */
const MINIMUM = '1900-01-01';
const MAXIMUM = '2200-12-31';

/** Rules of one date column: days since 1970-01-01, NaN = missing. */
export class DateCleaner implements Cleaner<number> {
  readonly needsStatistics = false;
  private readonly parse: DateParser;
  private readonly min: number;
  private readonly max: number;
  private readonly filling: number;

  constructor(
    private readonly spec: Omit<DateSpec, 'type'>,
    private readonly nulls: ReadonlySet<string>,
  ) {
    this.parse = dateParser(spec.format);
    this.min = isoDays(spec.min ?? MINIMUM);
    this.max = isoDays(spec.max ?? MAXIMUM);
    this.filling = typeof spec.missing === 'object' ? isoDays(spec.missing.constant) : Number.NaN;
  }

  observe(): void {}

  settle(): void {}

  clean(text: string, actions: Actions, fault: Fault): number {
    if (this.nulls.has(text)) return Number.NaN;
    const days = daysOf(this.parse(text));
    if (Number.isNaN(days)) return this.refuse('unreadable date', actions, fault);
    if (days >= this.min && days <= this.max) return days;
    if (this.spec.impossible !== 'clip') return this.refuse('impossible value', actions, fault);
    actions.count('impossible value, clipped');
    return Math.min(Math.max(days, this.min), this.max);
  }

  fill(value: number, actions: Actions, fault: Fault): number {
    if (!Number.isNaN(value)) return value;
    const { missing = 'own' } = this.spec;
    if (missing === 'reject') fault.reason ??= 'missing value';
    actions.count(typeof missing === 'object' ? 'missing, filled by constant' : 'missing');
    return this.filling;
  }

  private refuse(what: string, actions: Actions, fault: Fault): number {
    if (this.spec.impossible === 'reject') fault.reason ??= what;
    else actions.count(`${what}, missing`);
    return Number.NaN;
  }
}

function isoDays(text: string): number {
  const days = daysOf(dateParser('iso')(text));
  if (Number.isNaN(days)) throw badInput(`"${text}" is no date: write it as YYYY-MM-DD.`);
  return days;
}
