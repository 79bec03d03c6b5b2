import { badInput } from '../errors.js';

export const KNOWLEDGE_LEVELS = ['none', 'basic', 'informed', 'expert'] as const;

/** A user's latest answers on suitability (MiFID II). */
export interface Questionnaire {
  /** 1 (avoids any risk) to 5 (accepts high risk). */
  readonly riskTolerance: number;
  /** 0 none, 1 basic, 2 informed, 3 expert. */
  readonly knowledge: number;
  readonly horizonMonths: number;
  /** In the currency of the institution; null where it was not stated. */
  readonly investableAmount: number | null;
  readonly completedAt: Date;
  readonly expiresAt: Date;
}

/** How long answers count unless the caller states an expiry. */
export const QUESTIONNAIRE_MONTHS = 12;

/** Answers count until the moment they expire, exclusively. */
export function isExpired(questionnaire: Pick<Questionnaire, 'expiresAt'>, now: Date): boolean {
  return questionnaire.expiresAt.getTime() <= now.getTime();
}

/** The same day and time some months later in UTC; the last day of the month where that month is shorter. */
export function addMonths(date: Date, months: number): Date {
  const result = new Date(date);
  result.setUTCDate(1);
  result.setUTCMonth(result.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(result.getUTCFullYear(), result.getUTCMonth() + 1, 0)).getUTCDate();
  result.setUTCDate(Math.min(date.getUTCDate(), lastDay));
  return result;
}

/** Answers that count for longer than this are a mistake. */
export const LONGEST_MONTHS = 60;
const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** @throws {ConcordError} BAD_INPUT where the times contradict each other */
export function checkQuestionnaire({ completedAt, expiresAt }: Questionnaire, now: Date): void {
  if (completedAt.getTime() > now.getTime() + CLOCK_TOLERANCE_MS)
    throw badInput('A questionnaire cannot have been completed in the future.');
  if (expiresAt <= completedAt) throw badInput('A questionnaire expires after it was completed.');
  if (expiresAt > addMonths(completedAt, LONGEST_MONTHS))
    throw badInput(`A questionnaire counts for at most ${LONGEST_MONTHS} months.`);
}
