import { type Cell, table } from '../output.js';
import type { Comparison, Evidence } from './comparison.js';
import { CHIEF_FIGURES, nameOf } from './figures.js';
import { decimals, groupSkipped, pText, summarise } from './summary.js';

/** The comparison as a terminal shows it: a table for each evidence, what was left out, and what follows from it. */
export function terminalText(comparison: Comparison): string {
  const { data, task, backend, seconds, evidence, skipped, seed } = comparison;
  return [
    `${data.name}, ${task}, on ${backend}, seed ${seed}, ${seconds} s`,
    ...evidence.map((each) => `\n${headOf(each)}\n\n${evidenceTable(each, comparison)}`),
    ...(skipped.length > 0
      ? [
          `\n${table(groupSkipped(skipped).map((group) => ({ 'left out': group.models.join(', '), because: group.reason })))}`,
        ]
      : []),
    '',
    ...summarise(comparison),
  ].join('\n');
}

const headOf = ({ by, folds, users }: Evidence): string =>
  by === 'test users'
    ? `${users} test users`
    : `${folds}-fold cross-validation, ${users} users (± standard deviation between folds)`;

const rounded = (value: number | undefined): number | null => (value === undefined ? null : Number(value.toFixed(4)));

function evidenceTable(evidence: Evidence, { models, task, mainFigure, peers }: Comparison): string {
  const isCrossed = evidence.by === 'cross-validation';
  const others = CHIEF_FIGURES[task].filter(
    (figure) =>
      figure !== mainFigure && models.some(({ model }) => evidence.models[model]?.figures[figure] !== undefined),
  );
  const rows = models.map(({ model, seconds }): Record<string, Cell> => {
    const standing = evidence.models[model];
    const interval = standing?.intervals[mainFigure];
    const difference = standing?.differences?.[mainFigure];
    return {
      model,
      [nameOf(mainFigure)]: rounded(standing?.figures[mainFigure]),
      ...(isCrossed && { '±': rounded(standing?.deviations?.[mainFigure]) }),
      '95 %': interval ? `${decimals(interval[0])}–${decimals(interval[1])}` : '',
      'from best': difference ? `${rounded(difference.difference)} (${pText(difference.adjustedP)})` : '',
      ...Object.fromEntries(others.map((figure) => [nameOf(figure), rounded(standing?.figures[figure])])),
      seconds,
    };
  });
  const nameAmongPeers = (figure: string) => (isCrossed ? `cv${evidence.folds}_${figure}` : figure);
  const stated = Object.entries(peers)
    .filter(([, each]) => each[nameAmongPeers(mainFigure)] !== undefined)
    .map(
      ([peer, each]): Record<string, Cell> => ({
        model: `peer ${peer}`,
        [nameOf(mainFigure)]: rounded(each[nameAmongPeers(mainFigure)]),
        ...Object.fromEntries(others.map((figure) => [nameOf(figure), rounded(each[nameAmongPeers(figure)])])),
      }),
    );
  return table([...rows, ...stated]);
}
