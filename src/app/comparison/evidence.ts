import type { EvaluationResult, ModelName } from '../../engine/engine.js';
import type { Predictions, TestedUsers } from '../../engine/evaluation/predictions.js';
import {
  bootstrap,
  type Figures,
  holm,
  type Interval,
  meanOverFolds,
  pairedDifference,
  percentileInterval,
  replicatesOf,
} from '../../engine/metrics/bootstrap.js';
import { weightedBinary } from '../../engine/metrics/weighted-binary.js';
import { weightedRanking } from '../../engine/metrics/weighted-ranking.js';
import type { Evidence, FigureDifference, Standing } from './comparison.js';
import { isBetter, MAIN_FIGURE } from './figures.js';

/** An evaluation that has told what the model said of each user. */
export type Told = EvaluationResult & { readonly predictions: Predictions };

export interface Weighing {
  readonly seed: number;
  readonly resamples: number;
  readonly level: number;
  readonly checkpoint: (share: number) => void;
}

/**
 * What the figures of these models are worth: on test users and by cross-validation, as far as they were evaluated so; what rests on
 * more users comes first.
 */
export async function weigh(told: readonly Told[], weighing: Weighing): Promise<Evidence[]> {
  const folds = told[0].folds?.length;
  const tested = await weighOn(told, ({ predictions }) => predictions.test, weighing);
  if (folds === undefined) return [{ by: 'test users', ...tested }];
  if (told[0].predictions.crossValidated === undefined) return [{ by: 'cross-validation', folds, ...tested }];
  const crossed = await weighOn(told, ({ predictions }) => predictions.crossValidated as TestedUsers, weighing);
  const both: Evidence[] = [
    { by: 'cross-validation', folds, ...crossed },
    { by: 'test users', ...tested },
  ];
  return both.sort((a, b) => b.users - a.users);
}

/** The users on whom the first evidence rests. */
export function usersBehind({ by }: Evidence, { test, crossValidated }: Predictions): TestedUsers {
  return by === 'cross-validation' && crossValidated ? crossValidated : test;
}

/** The main figure of a model's validation users, where there are any. */
export function onValidation({ task, predictions }: Told): number | undefined {
  if (!predictions.validation) return undefined;
  const { names, compute } = figuresOf(predictions.validation);
  const into = new Float64Array(names.length);
  compute(new Int32Array(predictions.validation.users.length).fill(1), into);
  const value = into[names.indexOf(MAIN_FIGURE[task])];
  return Number.isFinite(value) ? value : undefined;
}

/** Figures of one model on users whose weights can be changed. */
function figuresOf(tested: TestedUsers, threshold?: number): Figures {
  const of = (rows?: Int32Array) =>
    'labels' in tested ? weightedBinary(tested, { threshold, rows }) : weightedRanking(tested, rows);
  const { fold } = tested;
  if (!fold) return of();
  return meanOverFolds(
    [...new Set(fold)].map((one) => of(Int32Array.from(fold.keys()).filter((row) => fold[row] === one))),
  );
}

async function weighOn(
  told: readonly Told[],
  usersOf: (model: Told) => TestedUsers,
  { seed, resamples, level, checkpoint }: Weighing,
): Promise<Omit<Evidence, 'by'>> {
  const [{ users, fold }] = told.map(usersOf);
  const figures = told.map((model) => figuresOf(usersOf(model), fold ? undefined : model.metrics.threshold));
  const ones = new Int32Array(users.length).fill(1);
  const values = figures.map(({ names, compute }) => {
    const into = new Float64Array(names.length);
    compute(ones, into);
    return Object.fromEntries(names.map((name, at) => [name, into[at]]).filter(([, value]) => Number.isFinite(value)));
  }) as Record<string, number>[];
  const main = MAIN_FIGURE[told[0].task];
  const best = values.reduce((first, own, at) => (isBetter(main, own[main], values[first][main]) ? at : first), 0);
  const replicates = await bootstrap(figures, { users: users.length, resamples, seed, fold, checkpoint });
  const of = (model: number, name: string) => replicatesOf(replicates[model], figures[model], name);

  const intervals = values.map((own, model) => {
    const each = Object.keys(own).map((name) => [name, percentileInterval(of(model, name), level)] as const);
    return Object.fromEntries(each.filter(([, interval]) => interval)) as Record<string, Interval>;
  });
  const differences = told.map((): Record<string, FigureDifference> => ({}));
  for (const name of Object.keys(values[best])) {
    const reference = of(best, name);
    const others = values.flatMap((own, model) => {
      const found = model !== best && name in own ? pairedDifference(of(model, name), reference, level) : undefined;
      return found ? [{ model, difference: own[name] - values[best][name], ...found }] : [];
    });
    const adjusted = holm(others.map(({ p }) => p));
    others.forEach(({ model, ...difference }, at) => {
      differences[model][name] = { ...difference, adjustedP: adjusted[at] };
    });
  }
  const standings = told.map(({ model, metrics, folds }, at): [ModelName, Standing] => [
    model,
    {
      figures: values[at],
      ...(fold && { deviations: deviationsOf(metrics, folds?.length ?? 0) }),
      intervals: intervals[at],
      ...(at !== best && { differences: differences[at] }),
    },
  ]);
  return { users: users.length, best: told[best].model, models: Object.fromEntries(standings) };
}

/** cv5_auc_sd as auc. */
function deviationsOf(metrics: Readonly<Record<string, number>>, k: number): Record<string, number> {
  const mark = new RegExp(`^cv${k}_(.+)_sd$`);
  return Object.fromEntries(
    Object.entries(metrics).flatMap(([name, value]) => {
      const figure = mark.exec(name)?.[1];
      return figure ? [[figure, value]] : [];
    }),
  );
}
