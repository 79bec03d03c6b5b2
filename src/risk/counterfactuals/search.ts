import type { UserRow } from '../../engine/data/dataset.js';
import { logit } from '../log-odds.js';
import type { Action } from './actions.js';
import { refined } from './refine.js';
import { costOf, rowOf, type Scored, type Step } from './steps.js';

export interface Found {
  /** Verified: each reaches the target. Best first. */
  readonly alternatives: readonly Scored[];
  /** Rows that were scored, that of the user as it is among them. */
  readonly rows: number;
}

export interface SearchOptions {
  /** The probability must be below this. */
  readonly below: number;
  /** At most so many rows are scored. */
  readonly budget?: number;
  /** At most so many alternatives are given. */
  readonly alternatives?: number;
}

export type Score = (rows: readonly UserRow[]) => Promise<Float32Array>;

const BUDGET = 2_000;
const ALTERNATIVES = 4;
/** Columns changed at once, at most. */
export const MOST_STEPS = 4;
/** How much dearer an alternative counts that changes the same columns as another. */
const DIVERSITY = 2;
/** Rows that are scored in one call: others who score meanwhile do not wait for all. */
const BATCH = 250;
/** Shares of the budget for one, two, three and four changes; the rest is for making changes smaller. */
const SHARES = [0.3, 0.3, 0.15, 0.1] as const;
/** Candidates of a column that are combined with others. */
const COMBINED = 4;

/**
 * What would have to be different for the probability to be below a bound: a counterfactual explanation (Wachter, Mittelstadt and Russell 2018) by
 * scoring alone, so for any model. Changes are few, near (by the spread of each column), within what was seen in training, and the alternatives differ
 * in what they change (Mothilal, Sharma and Tan 2020, "DiCE"). A beam search: all single changes; then the changes that came nearest, each joined with
 * one more, up to four; then each number is moved back towards where it was as far as the bound allows. Deterministic.
 * @param now the probability of the row as it is
 * @returns no alternatives where none was found: that proves nothing but that there is none of few changes among those tried
 */
export async function findCounterfactuals(
  row: UserRow,
  now: number,
  actions: readonly Action[],
  score: Score,
  { below, budget = BUDGET, alternatives = ALTERNATIVES }: SearchOptions,
): Promise<Found> {
  let rows = 1;
  const scored = async (combinations: readonly (readonly Step[])[]): Promise<Scored[]> => {
    const results: Scored[] = [];
    for (let from = 0; from < combinations.length && rows < budget; from += BATCH) {
      const part = combinations.slice(from, Math.min(from + BATCH, from + budget - rows));
      const probabilities = await score(part.map((steps) => rowOf(row, steps)));
      rows += part.length;
      part.forEach((steps, index) => {
        results.push({ steps, probability: probabilities[index] });
      });
    }
    return results;
  };

  const singles = await scored(singleSteps(actions, Math.floor(SHARES[0] * budget)));
  const reaching = singles.filter(({ probability }) => probability < below);
  const options = actions.map((action) => helpful(action, singles, now));
  let frontier = singles.filter(({ probability }) => probability >= below && probability < now);
  const rate = bestRate(singles, now);
  for (let size = 2; size <= MOST_STEPS && columnSets(reaching) < 2 * alternatives; size++) {
    const joined = joins(frontier, options, Math.floor(SHARES[size - 1] * budget), (state) =>
      estimate(state, below, rate),
    );
    const next = await scored(joined);
    reaching.push(...next.filter(({ probability }) => probability < below));
    frontier = next.filter(({ probability }) => probability >= below && probability < now);
  }
  const chosen = diverse(reaching, 2 * alternatives);
  const smaller = await refined(chosen, scored, below);
  return { alternatives: diverse(smaller, alternatives), rows };
}

/** Every candidate of every column, nearest first, as many as may be. */
function singleSteps(actions: readonly Action[], most: number): (readonly Step[])[] {
  const each = Math.max(1, Math.floor(most / Math.max(1, actions.length)));
  return actions
    .flatMap((action) => evenly(action.candidates, each).map((candidate): readonly Step[] => [{ action, candidate }]))
    .slice(0, most);
}

function evenly<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  if (most === 1) return items.slice(-1);
  return Array.from({ length: most }, (_, index) => items[Math.round((index * (items.length - 1)) / (most - 1))]);
}

/** Candidates of one column that are worth their distance: each lowers the risk more than all that are nearer. */
function helpful(action: Action, singles: readonly Scored[], now: number): readonly Step[] {
  const own = singles
    .filter(({ steps }) => steps[0].action === action)
    .sort((a, b) => a.steps[0].candidate.distance - b.steps[0].candidate.distance || a.probability - b.probability);
  let lowest = now;
  const steps = own.filter(({ probability }) => {
    const helps = probability < lowest;
    lowest = Math.min(lowest, probability);
    return helps;
  });
  return evenly(steps, COMBINED).map((single) => single.steps[0]);
}

/** Log-odds that a single change takes away for its cost, at best. */
function bestRate(singles: readonly Scored[], now: number): number {
  return Math.max(1e-6, ...singles.map(({ steps, probability }) => (logit(now) - logit(probability)) / costOf(steps)));
}

/** What a state has cost, and what the rest of the way would cost at the best rate. */
const estimate = ({ steps, probability }: Scored, below: number, rate: number): number =>
  costOf(steps) + Math.max(0, logit(probability) - logit(below)) / rate;

/** The most promising states, each joined with every helpful step of another column; every combination once. */
function joins(
  frontier: readonly Scored[],
  options: readonly (readonly Step[])[],
  most: number,
  rank: (state: Scored) => number,
): (readonly Step[])[] {
  const states = frontier
    .map((state) => ({ state, rank: rank(state) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ state }) => state);
  const seen = new Set<string>();
  const combinations: (readonly Step[])[] = [];
  for (const { steps } of states) {
    for (const step of options.flat()) {
      if (combinations.length >= most) return combinations;
      if (steps.some(({ action }) => action === step.action)) continue;
      const joined = [...steps, step].sort((a, b) => (a.action.column < b.action.column ? -1 : 1));
      const key = JSON.stringify(joined.map(({ action, candidate }) => [action.column, candidate.value]));
      if (!seen.has(key)) combinations.push(joined);
      seen.add(key);
    }
  }
  return combinations;
}

const columnsOf = ({ steps }: Scored): readonly string[] => steps.map(({ action }) => action.column).sort();
const columnSets = (states: readonly Scored[]): number =>
  new Set(states.map((state) => columnsOf(state).join(' '))).size;

/**
 * The cheapest, then again and again the cheapest where cost counts the more, the more its columns are those of one already chosen. None changes all
 * that another one changes.
 */
export function diverse(states: readonly Scored[], most: number): Scored[] {
  const chosen: Scored[] = [];
  const rest = [...states].sort((a, b) => costOf(a.steps) - costOf(b.steps));
  while (chosen.length < most) {
    let best: { state: Scored; cost: number } | undefined;
    for (const state of rest) {
      const columns = columnsOf(state);
      if (chosen.some((other) => contains(columns, columnsOf(other)) || contains(columnsOf(other), columns))) continue;
      const overlap = Math.max(0, ...chosen.map((other) => shared(columns, columnsOf(other))));
      const cost = costOf(state.steps) * (1 + DIVERSITY * overlap);
      if (!best || cost < best.cost) best = { state, cost };
    }
    if (!best) break;
    chosen.push(best.state);
  }
  return chosen;
}

const contains = (all: readonly string[], some: readonly string[]): boolean =>
  some.every((column) => all.includes(column));

/** Columns in both, as a share of those in either. */
function shared(a: readonly string[], b: readonly string[]): number {
  const both = a.filter((column) => b.includes(column)).length;
  return both / (a.length + b.length - both);
}
