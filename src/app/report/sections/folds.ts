import type { Comparison } from '../../comparison/comparison.js';
import { CHIEF_FIGURES, nameOf } from '../../comparison/figures.js';
import { count, decimals, meaningOf } from '../../comparison/summary.js';
import { dataTable, type Markup, section } from '../markup.js';

/** Mean ± deviation over the folds of every model, in one table; nothing where nothing was cross-validated. */
export function foldsSection({ evidence, models, task, peers }: Comparison): Markup | undefined {
  const crossed = evidence.find(({ by }) => by === 'cross-validation');
  if (!crossed) return undefined;
  const { folds = 0, users } = crossed;
  const figures = CHIEF_FIGURES[task].filter((figure) =>
    models.some(({ model }) => crossed.models[model]?.deviations?.[figure] !== undefined),
  );
  const rows = models.map(({ model }) => [
    model,
    ...figures.map((figure) => {
      const { figures: own, deviations } = crossed.models[model] ?? {};
      const value = own?.[figure];
      return value === undefined ? '' : `${decimals(value)} ± ${decimals(deviations?.[figure] ?? Number.NaN, 3)}`;
    }),
  ]);
  const stated = Object.entries(peers)
    .filter(([, each]) => figures.some((figure) => each[`cv${folds}_${figure}`] !== undefined))
    .map(([peer, each]) => [
      `${peer} (peer)`,
      ...figures.map((figure) => {
        const value = each[`cv${folds}_${figure}`];
        return value === undefined ? '' : decimals(value);
      }),
    ]);
  return section(
    'folds',
    `${folds}-fold cross-validation`,
    dataTable(
      `Mean ± standard deviation between the ${folds} folds, over ${count(users)} users`,
      ['model', ...figures.map((figure) => ({ text: nameOf(figure), title: meaningOf(figure) }))],
      [...rows, ...stated],
    ),
  );
}
