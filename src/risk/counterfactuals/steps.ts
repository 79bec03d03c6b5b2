import type { UserRow } from '../../engine/data/dataset.js';
import type { Action, Candidate } from './actions.js';

/** One column changed. */
export interface Step {
  readonly action: Action;
  readonly candidate: Candidate;
}

/** Some columns changed, as it was scored. */
export interface Scored {
  readonly steps: readonly Step[];
  readonly probability: number;
}

/** What each further change costs beside its distance: one larger change is easier to act on than two small ones. */
const STEP_COST = 0.5;

/** Lower is better: distances, and the number of changes. */
export const costOf = (steps: readonly Step[]): number =>
  steps.reduce((sum, { candidate }) => sum + candidate.distance + STEP_COST, 0);

export function rowOf(row: UserRow, steps: readonly Step[]): UserRow {
  const values = { ...row.values };
  for (const { action, candidate } of steps) values[action.column] = candidate.value;
  return { ...row, values };
}
