import type { QuestionnaireFields } from '../descriptor.js';
import type { Actions } from '../report.js';
import { LARGEST_AMOUNT } from '../values/text.js';
import { numberField, timeField } from './field.js';
import type { Table } from './table.js';

export interface Answers {
  readonly riskTolerance: number;
  readonly knowledge: number;
  readonly horizonMonths: number;
  readonly investableAmount: number | null;
  readonly completedAt: Date;
  readonly expiresAt: Date;
}

/**
 * @returns a function from a row to the user's answers; undefined where one that is required is missing or impossible, which is counted.
 * @throws {ConcordError} BAD_INPUT for a column that is not there.
 */
export function answersReader(
  spec: QuestionnaireFields,
  table: Table,
  actions: Actions,
  now: Date,
): (fields: readonly string[]) => Answers | undefined {
  const riskToleranceOf = numberField(spec.riskTolerance, table);
  const knowledgeOf = numberField(spec.knowledge, table);
  const horizonOf = numberField(spec.horizonMonths, table);
  const amountOf = numberField(spec.investableAmount, table);
  const completedOf = timeField(spec.completedAt, table);
  const months = spec.validMonths ?? 12;
  return (fields) => {
    const [riskTolerance, knowledge, horizonMonths] = [riskToleranceOf(fields), knowledgeOf(fields), horizonOf(fields)];
    const completed = completedOf(fields);
    const amount = amountOf(fields);
    const isComplete =
      isWithin(riskTolerance, 1, 5) &&
      isWithin(knowledge, 0, 3) &&
      isWithin(horizonMonths, 0, 1200) &&
      completed <= now.getTime();
    if (!isComplete) {
      actions.count('incomplete, no questionnaire');
      return undefined;
    }
    const completedAt = new Date(completed);
    return {
      riskTolerance,
      knowledge,
      horizonMonths,
      investableAmount: amount >= 0 && amount < LARGEST_AMOUNT ? amount : null,
      completedAt,
      expiresAt: monthsLater(completedAt, months),
    };
  };
}

const isWithin = (value: number, low: number, high: number) => Number.isInteger(value) && value >= low && value <= high;

/** The same day some months later, or the last of that month. */
function monthsLater(date: Date, months: number): Date {
  const later = new Date(date);
  later.setUTCDate(1);
  later.setUTCMonth(later.getUTCMonth() + months + 1, 0);
  later.setUTCDate(Math.min(date.getUTCDate(), later.getUTCDate()));
  return later;
}
