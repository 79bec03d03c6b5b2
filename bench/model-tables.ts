import { CHIEF_FIGURES, isBetter, MAIN_FIGURE, nameOf } from '../src/app/comparison/figures.js';
import { decimals } from '../src/app/comparison/summary.js';
import type { Task } from '../src/engine/engine.js';

/** One training with one seed, or why there was none. */
export type Trial =
  | {
      readonly metrics: Readonly<Record<string, number>>;
      readonly seconds: number;
      readonly backend: string;
      readonly version: string;
    }
  | { readonly refused: string; readonly version: string };

/** What is known of one data set: model → seed → trial. */
export interface ModelFigures {
  readonly title: string;
  readonly task: Task;
  readonly peers: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly trials: Record<string, Record<string, Trial>>;
}

const measuredOf = (trials: readonly Trial[]) => trials.flatMap((trial) => ('metrics' in trial ? [trial] : []));

/** Means over the seeds, and for each figure its standard deviation between them; nothing where there was no training. */
export function meanOf(trials: readonly Trial[]): Record<string, number> | undefined {
  const measured = measuredOf(trials);
  if (measured.length === 0) return undefined;
  const figures: Record<string, number> = {
    seeds: measured.length,
    seconds: mean(measured.map(({ seconds }) => seconds)),
  };
  for (const name of Object.keys(measured[0].metrics)) {
    const values = measured.map(({ metrics }) => metrics[name]).filter((value) => value !== undefined);
    figures[name] = mean(values);
    if (values.length > 1) figures[`${name}_between_seeds`] = deviation(values);
  }
  return figures;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

/** Markdown: a table a data set, models in the order given. */
export function tablesOf(figures: Readonly<Record<string, ModelFigures>>, order: readonly string[]): string {
  return Object.entries(figures)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([set, each]) => `### ${set}\n\n${each.title}.\n\n${tableOf(each, order)}`)
    .join('\n\n');
}

/** A figure and, where models were cross-validated, the same over the folds. */
interface Shown {
  readonly figure: string;
  readonly head: string;
  /** Its deviation is between the folds, not between seeds. */
  readonly deviation?: string;
}

function tableOf({ task, peers, trials }: ModelFigures, order: readonly string[]): string {
  const rows = order.flatMap((model) => {
    const means = meanOf(Object.values(trials[model] ?? {}));
    return means ? [{ model, means }] : [];
  });
  const columns = columnsOf(
    task,
    rows.map(({ means }) => means),
  );
  const best = Object.fromEntries(
    columns.map(({ figure }) => [
      figure,
      rows
        .map(({ means }) => means[figure])
        .filter((value) => value !== undefined)
        .reduce((least, value) => (isBetter(bare(figure), value, least) ? value : least)),
    ]),
  );
  const cell = (means: Readonly<Record<string, number>>, { figure, deviation }: Shown): string => {
    const value = means[figure];
    if (value === undefined) return '';
    const text = value === best[figure] ? `**${decimals(value)}**` : decimals(value);
    const spread = means[deviation ?? `${figure}_between_seeds`];
    return spread === undefined || spread < 5e-5 ? text : `${text} ± ${decimals(spread)}`;
  };
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  const refused = order.flatMap((model) => {
    const [first] = Object.values(trials[model] ?? {});
    return first && 'refused' in first ? [`- ${model}: ${first.refused}`] : [];
  });
  const lines = [
    line(['model', ...columns.map(({ head }) => head), 'seeds', 'seconds']),
    line(new Array<string>(columns.length + 3).fill('---')),
    ...rows.map(({ model, means }) =>
      line([model, ...columns.map((column) => cell(means, column)), means.seeds, means.seconds.toFixed(1)]),
    ),
    ...bestPeer(task, peers).map(({ peer, reached }) =>
      line([
        `*${peer}*`,
        ...columns.map(({ figure }) => (reached[figure] === undefined ? '' : `*${decimals(reached[figure])}*`)),
        '',
        '',
      ]),
    ),
  ];
  return [...lines, ...(refused.length > 0 ? ['', 'Refused here:', '', ...refused] : [])].join('\n');
}

const bare = (figure: string): string => figure.replace(/^cv\d+_/, '');

function columnsOf(task: Task, means: readonly Readonly<Record<string, number>>[]): Shown[] {
  const isKnown = (figure: string) => means.some((each) => each[figure] !== undefined);
  const folds = means.flatMap((each) => Object.keys(each)).flatMap((name) => /^cv(\d+)_/.exec(name)?.[1] ?? [])[0];
  const crossed = folds ? [`cv${folds}_${MAIN_FIGURE[task]}`, `cv${folds}_logloss`] : [];
  return [
    ...CHIEF_FIGURES[task].filter(isKnown).map((figure) => ({ figure, head: nameOf(figure) })),
    ...crossed
      .filter(isKnown)
      .map((figure) => ({ figure, head: `${folds}-fold ${nameOf(bare(figure))}`, deviation: `${figure}_sd` })),
  ];
}

/** The peer that is best by the main figure. */
function bestPeer(task: Task, peers: ModelFigures['peers']) {
  const main = MAIN_FIGURE[task];
  const known = Object.entries(peers).filter(([, figures]) => figures[main] !== undefined);
  if (known.length === 0) return [];
  const [peer, reached] = known.reduce((a, b) => (isBetter(main, b[1][main], a[1][main]) ? b : a));
  return [{ peer: `best peer: ${peer}`, reached }];
}
