import type { ModelName } from '../../engine/engine.js';
import { warningsOf } from '../../engine/training/learning-curve.js';
import type { ComparedModel, Comparison, Evidence } from './comparison.js';
import { FIGURES, isBetter, nameOf } from './figures.js';

/** A p value below this is a finding. */
export const SIGNIFICANT = 0.05;

/** Models that the best one cannot be told from, and those that are worse; best first. */
export interface Verdict {
  readonly best: ModelName;
  readonly asGood: readonly ModelName[];
  readonly worse: readonly ModelName[];
}

export function verdictOf({ best, models }: Evidence, figure: string): Verdict {
  const others = (Object.keys(models) as ModelName[])
    .filter((model) => model !== best)
    .sort((a, b) => (isBetter(figure, figureOf(models, a, figure), figureOf(models, b, figure)) ? -1 : 1));
  const isWorse = (model: ModelName) => (models[model]?.differences?.[figure]?.adjustedP ?? 1) < SIGNIFICANT;
  return { best, asGood: others.filter((model) => !isWorse(model)), worse: others.filter(isWorse) };
}

const figureOf = (models: Evidence['models'], model: ModelName, figure: string): number =>
  models[model]?.figures[figure] ?? Number.NaN;

export const decimals = (value: number, digits = 4): string => value.toFixed(digits).replace(/^(-?)0\./, '$1.');
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;
export const count = (value: number): string => Math.round(value).toLocaleString('en-US');
export const pText = (p: number): string => (p < 0.001 ? 'p < .001' : `p = ${decimals(p, 3)}`);
const list = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;

/** The comparison in sentences, the most important first. */
export function summarise(comparison: Comparison): string[] {
  const { evidence, mainFigure, models } = comparison;
  const [first, ...more] = evidence;
  return [
    ...evidenceSentences(first, comparison),
    ...more.flatMap((other) => secondOpinion(other, first, mainFigure)),
    ...validationSentence(comparison),
    ...floorSentence(first, mainFigure),
    ...peerSentence(comparison),
    ...models.slice(0, 1).flatMap((model) => calibrationSentence(model)),
    ...learningSentence(models),
  ];
}

function evidenceSentences(evidence: Evidence, { mainFigure, models, level }: Comparison): string[] {
  const { best, asGood, worse } = verdictOf(evidence, mainFigure);
  const own = evidence.models[best];
  const interval = own?.intervals[mainFigure];
  const name = nameOf(mainFigure);
  const within = interval
    ? ` (${percent(level, 0)} interval ${decimals(interval[0])} to ${decimals(interval[1])})`
    : '';
  const one = `${best} is best: ${name} ${decimals(own?.figures[mainFigure] ?? Number.NaN)}${within} ${basis(evidence)}.`;
  if (models.length === 1) return [`Only ${one.replace(' is best', ' was evaluated')}`];
  const equal =
    asGood.length > 0
      ? `${list(asGood)} cannot be told from it: the ${asGood.length > 1 ? 'differences are' : 'difference is'} no larger than chance makes between these users. Choose among them by cost, speed and how they explain themselves.`
      : 'The difference to every other model is a finding, not chance.';
  const behind = worse
    .filter((model) => model !== 'popularity')
    .map((model) => {
      const difference = evidence.models[model]?.differences?.[mainFigure];
      return difference
        ? `${model} by ${decimals(Math.abs(difference.difference))} (${decimals(Math.min(...difference.interval.map(Math.abs)))} to ${decimals(Math.max(...difference.interval.map(Math.abs)))}, ${pText(difference.adjustedP)})`
        : model;
    });
  return [one, equal, ...(behind.length > 0 ? [`Worse than it: ${behind.join('; ')}.`] : [])];
}

const basis = ({ by, folds, users }: Evidence): string =>
  by === 'test users'
    ? `on ${count(users)} test users`
    : `by ${folds}-fold cross-validation over ${count(users)} users`;

function secondOpinion(evidence: Evidence, first: Evidence, figure: string): string[] {
  const { best, asGood } = verdictOf(evidence, figure);
  const value = decimals(evidence.models[best]?.figures[figure] ?? Number.NaN);
  const other = asGood.includes(first.best) ? `, from which ${first.best} cannot be told` : '';
  const who = best === first.best ? 'the same model is best' : `${best} is best`;
  const where = basis(evidence);
  return [
    `${where[0].toUpperCase()}${where.slice(1)} ${who}: ${nameOf(figure)} ${value}${best === first.best ? '' : other}.`,
  ];
}

/** The best of test users is flattered by having been picked; the one that validation users pick is not. */
function validationSentence({ models, evidence, mainFigure }: Comparison): string[] {
  const known = models.flatMap(({ model, onValidation }) =>
    onValidation === undefined ? [] : [{ model, onValidation }],
  );
  const test = evidence.find(({ by }) => by === 'test users');
  if (known.length < 2 || !test) return [];
  const picked = known.reduce((a, b) => (isBetter(mainFigure, b.onValidation, a.onValidation) ? b : a));
  const name = nameOf(mainFigure);
  if (picked.model === test.best)
    return [`Validation users pick ${picked.model} too (${name} ${decimals(picked.onValidation)} there).`];
  const reached = figureOf(test.models, picked.model, mainFigure);
  return [
    `Validation users would pick ${picked.model} (${name} ${decimals(picked.onValidation)} there), which reaches ${decimals(reached)} on the test users: that figure is not flattered by having been picked.`,
  ];
}

/** What a model must beat to be worth anything. */
function floorSentence({ best, models }: Evidence, figure: string): string[] {
  const floor = models.popularity?.figures[figure];
  const own = models[best]?.figures[figure];
  if (floor === undefined || own === undefined || best === 'popularity') return [];
  return [
    `popularity, which knows nothing of a user, reaches ${decimals(floor)}: the best model adds ${decimals(own - floor)}.`,
  ];
}

function peerSentence({ peers, mainFigure, evidence }: Comparison): string[] {
  const [{ by, folds, best, models }] = evidence;
  const figure = by === 'test users' ? mainFigure : `cv${folds}_${mainFigure}`;
  const known = Object.entries(peers).filter(([, figures]) => figures[figure] !== undefined);
  if (known.length === 0) return [];
  const [peer, reached] = known.reduce((a, b) => (isBetter(mainFigure, b[1][figure], a[1][figure]) ? b : a));
  const own = models[best]?.figures[mainFigure] ?? Number.NaN;
  const interval = models[best]?.intervals[mainFigure];
  const difference = own - reached[figure];
  const isInside = interval && reached[figure] >= interval[0] && reached[figure] <= interval[1];
  return [
    `The best peer of the descriptor, ${peer}, reaches ${decimals(reached[figure])}: ${best} is ${decimals(Math.abs(difference))} ${difference >= 0 ? 'above' : 'below'} it${isInside ? ', which lies inside its interval' : ''}.`,
  ];
}

/** An error that is so many times what chance makes, and more by this, says that probabilities should not be read as they are. */
const POOR_CALIBRATION = { times: 1.5, more: 0.005 };

function calibrationSentence({ model, plots }: ComparedModel): string[] {
  const { calibrationError: error, calibrationErrorByChance: chance } = plots;
  if (!Number.isFinite(error)) return [];
  const judged =
    error < POOR_CALIBRATION.times * chance || error - chance < POOR_CALIBRATION.more
      ? `with so many users chance alone makes ${percent(chance)}, so what it says can be read as it stands`
      : `chance alone makes ${percent(chance)}, so calibrate it before what it says is read as it stands`;
  if (plots.task === 'risk')
    return [
      `Probabilities of ${model} are ${percent(error)} off on average (mean ${percent(plots.meanProbability)}, observed ${percent(plots.eventRate)}): ${judged}.`,
    ];
  return [
    `The probability that ${model} gives to the product it ranks first is ${percent(error)} off on average: ${judged}.`,
  ];
}

function learningSentence(models: readonly ComparedModel[]): string[] {
  const parted = models.filter(({ settings }) => warningsOf(settings).length > 0);
  if (parted.length === 0) return [];
  return [
    `Training and validation loss of ${list(parted.map(({ model }) => model))} have parted: ${parted.length > 1 ? 'they know' : 'it knows'} the training users much better than others (learning curves below).`,
  ];
}

/** Models left out, those of one reason together. */
export function groupSkipped(skipped: Comparison['skipped']): { models: ModelName[]; reason: string }[] {
  const groups = new Map<string, ModelName[]>();
  for (const { model, reason: told, isFault } of skipped) {
    const reason = isFault ? `failed: ${told}` : told;
    // Reasons begin with the model's name, which is said already.
    const bare = reason.startsWith(`${model} `) ? reason.slice(model.length + 1) : reason.replace(`${model}: `, '');
    groups.set(bare, [...(groups.get(bare) ?? []), model]);
  }
  return [...groups].map(([reason, models]) => ({ models, reason }));
}

/** "higher is better" and what the figure means, for a head of a column. */
export const meaningOf = (figure: string): string => {
  const known = FIGURES[figure];
  return known ? `${known.meaning}; ${known.isLowerBetter ? 'lower' : 'higher'} is better` : figure;
};
