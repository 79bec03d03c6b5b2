import type { Descriptor } from '../../database/import/descriptor.js';
import type { ReadContext } from '../../database/import/files/csv-file.js';
import { Accounting } from '../../database/import/report.js';
import { bareProduct, readProducts } from '../../database/import/tables/products.js';
import type { Column, Dataset } from '../../engine/data/dataset.js';
import { dealFolds } from '../../engine/data/split.js';
import type { EvaluationResult } from '../../engine/engine.js';
import type { RankedProducts, ScoredUsers } from '../../engine/evaluation/predictions.js';
import type { Favourable } from '../../engine/metrics/fairness/fairness.js';
import { badInput } from '../../errors.js';
import { type InterestFairness, interestFairness, type RankedUsers } from '../../oversight/fairness-report.js';

/** Users whose predictions figures are made of. */
export interface RiskSamples {
  readonly tested: ScoredUsers;
  /** By whom thresholds are chosen, and others on whom these are tried. */
  readonly chosenOn: ScoredUsers;
  readonly triedOn: ScoredUsers;
  /** Who is tested, for whoever reads the figures. */
  readonly from: string;
  readonly threshold: number;
}

/** With fewer validation users than these, thresholds are chosen on half of the tested ones. */
const ENOUGH = 500;

/**
 * All users by cross-validation where they were scored so, else the test users of the split.
 * @param given the threshold that was asked for; else the best by F1 on validation users, else what flags as many users as have the event
 */
export function riskSamples(result: EvaluationResult, given: number | undefined): RiskSamples {
  const { predictions, metrics } = result;
  if (predictions?.task !== 'risk') throw badInput('The evaluation gave no predictions of risk.');
  const { crossValidated, test, validation } = predictions;
  const tested = crossValidated ?? test;
  const enough = !crossValidated && validation && validation.users.length >= ENOUGH;
  const [chosenOn, triedOn] = enough ? [validation, tested] : halvesOf(tested);
  return {
    ...{ tested, chosenOn, triedOn },
    from: tested.fold ? 'all users, each by a model that did not see them (cross-validation)' : 'the test users',
    threshold: given ?? metrics.threshold ?? atEventRate(tested),
  };
}

/** Two random halves, always the same: the order of users may mean something. */
function halvesOf({ users, labels, probabilities }: ScoredUsers): [ScoredUsers, ScoredUsers] {
  const half = dealFolds(users, 2, 1);
  const take = (which: number): ScoredUsers => {
    const isIn = (_: number, place: number) => half[place] === which;
    return { users: users.filter(isIn), labels: labels.filter(isIn), probabilities: probabilities.filter(isIn) };
  };
  return [take(0), take(1)];
}

function atEventRate({ labels, probabilities }: ScoredUsers): number {
  const events = labels.reduce((sum, label) => sum + label, 0);
  const sorted = probabilities.slice().sort();
  return sorted[Math.max(0, Math.min(sorted.length - 1, sorted.length - events))];
}

/** @throws {ConcordError} BAD_INPUT where an attribute is not there, or none is protected */
export function protectedColumns(dataset: Dataset, names: readonly string[] | undefined): Column[] {
  const all = new Map([...dataset.columns, ...dataset.protectedColumns].map((column) => [column.name, column]));
  if (!names) {
    if (dataset.protectedColumns.length === 0)
      throw badInput(
        `The descriptor of ${dataset.name} marks no attribute as protected ("protected": true): name some with --attribute.`,
      );
    return [...dataset.protectedColumns];
  }
  return names.map((name) => {
    const column = all.get(name);
    if (!column) throw badInput(`${dataset.name} has no attribute ${name}: there are ${[...all.keys()].join(', ')}.`);
    return column;
  });
}

/** Type and risk class of each product, as far as the descriptor tells. */
export async function productClasses(
  { products, format }: Descriptor,
  dataDir: string,
  codes: readonly string[],
): Promise<Map<string, { type: string; riskClass: string }>> {
  const context: ReadContext = { dataDir, format };
  const records = products?.file
    ? await readProducts(products, 'EUR', context, (file) => new Accounting(file, 'products'))
    : codes.map((code) => bareProduct(code, 'EUR', products));
  return new Map(records.map(({ code, type, riskClass }) => [code, { type, riskClass: String(riskClass) }]));
}

/** Recall and exposure by group from what the model ranked. */
export function offlineInterest(
  result: EvaluationResult,
  columns: readonly Column[],
  classes: ReadonlyMap<string, { type: string; riskClass: string }>,
  smallest: number,
): InterestFairness {
  const { predictions } = result;
  if (predictions?.task !== 'interest') throw badInput('The evaluation gave no predictions of interest.');
  const { products } = predictions;
  const ranked = predictions.crossValidated ?? predictions.test;
  const at = Int32Array.from(ranked.users.keys());
  const own = columns.map((column) => pickRows(column, ranked.users));
  const listsBy = (by: RankedUsers['by'], classOf: (code: string) => string): RankedUsers => ({
    by,
    from: 'model',
    lists: Array.from(at, (user) => ({
      user,
      classes: topOf(ranked, user).map((product) => classOf(products[product])),
    })),
  });
  const kinds = [
    listsBy('riskClass', (code) => classes.get(code)?.riskClass ?? 'unknown'),
    listsBy('type', (code) => classes.get(code)?.type ?? 'unknown'),
  ].filter(({ lists }) => new Set(lists.flatMap(({ classes: names }) => names)).size > 1);
  return interestFairness(
    { hidden: { users: at, ranks: ranked.ranks }, ranked: [...kinds, listsBy('product', (code) => code)] },
    own,
    ranked.users.length,
    smallest,
  );
}

/** Products that would be shown: the first of the ranking. */
const SHOWN = 3;

const topOf = ({ top, topSize }: RankedProducts, user: number): number[] =>
  [...top.subarray(user * topSize, user * topSize + Math.min(SHOWN, topSize))].filter((product) => product >= 0);

function pickRows(column: Column, users: Int32Array): Column {
  if (column.kind === 'categorical') return { ...column, values: users.map((user) => column.values[user]) };
  return { ...column, values: Float64Array.from(users, (user) => column.values[user]) };
}

/** By default an event is bad news (a default), so that a low probability is good. */
export const DEFAULT_FAVOURABLE: Favourable = 'low';
