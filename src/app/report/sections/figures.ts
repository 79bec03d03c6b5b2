import type { ComparedModel, Comparison, Evidence } from '../../comparison/comparison.js';
import { CHIEF_FIGURES, FIGURES, isBetter, nameOf } from '../../comparison/figures.js';
import { count, decimals, groupSkipped, meaningOf, pText, SIGNIFICANT } from '../../comparison/summary.js';
import { type Content, dataTable, type Markup, markup, section } from '../markup.js';
import { dot, guide, whisker } from '../svg/draw.js';
import { around, frame } from '../svg/frame.js';

/** What each model reaches, with intervals, and how it differs from the best. */
export function figuresSection(comparison: Comparison): Markup {
  const { evidence, skipped } = comparison;
  return section(
    'figures',
    'Figures',
    evidence.map(
      (each) => markup`<h3>${evidenceName(each)}</h3>
<div class="plots">${forest(each, comparison)}${differenceTable(each, comparison)}</div>
${figureTable(each, comparison)}`,
    ),
    everyFigure(comparison),
    skipped.length > 0 &&
      markup`<p>Left out:</p><ul>${groupSkipped(skipped).map(({ models, reason }) => markup`<li><strong>${models.join(', ')}</strong>: ${reason}</li>`)}</ul>`,
  );
}

export const evidenceName = ({ by, folds, users }: Evidence): string =>
  by === 'test users'
    ? `On ${count(users)} test users`
    : `By ${folds}-fold cross-validation over ${count(users)} users`;

/** A peer's name for the figure: by cross-validation another. */
const peerName = ({ by, folds }: Evidence, figure: string): string =>
  by === 'test users' ? figure : `cv${folds}_${figure}`;

const ROW = 24;
const MOST_LETTERS = 30;
/** Room of a letter. */
const LETTER = 6.6;

/** The main figure of each model with its interval. */
function forest(evidence: Evidence, { models, mainFigure, peers, level }: Comparison): Markup {
  const own = models.flatMap(({ model }) => {
    const { figures, intervals } = evidence.models[model] ?? {};
    const value = figures?.[mainFigure];
    return value === undefined ? [] : [{ name: model as string, value, interval: intervals?.[mainFigure], style: 0 }];
  });
  const stated = Object.entries(peers).flatMap(([peer, figures]) => {
    const value = figures[peerName(evidence, mainFigure)];
    return value === undefined ? [] : [{ name: peer, value, interval: undefined, style: 1 }];
  });
  const rows = [...own, ...stated];
  const best = Math.max(...own.map(({ value }) => value));
  // A floor far below the others would press them together: it is named at the edge.
  const near = rows.filter(({ name, value }) => name !== 'popularity' || value > best - 0.1);
  const x = around(near.flatMap(({ value, interval }) => [value, ...(interval ?? [])]));
  const names = rows.map(({ name, value }) => `${name.slice(0, MOST_LETTERS)} ${decimals(value)}`);
  return markup`<figure>${frame(
    {
      title: `${nameOf(mainFigure)} of each model`,
      description: rows
        .map(
          ({ name, value, interval }) =>
            `${name} ${decimals(value)}${interval ? `, from ${decimals(interval[0])} to ${decimals(interval[1])}` : ''}`,
        )
        .join('; '),
      x: { label: nameOf(mainFigure), ...x },
      y: { label: '', from: rows.length - 0.5, to: -0.5, ticks: [] },
      height: rows.length * ROW + 56,
      beside: Math.max(0, LETTER * Math.max(...names.map(({ length }) => length)) - 44),
    },
    (scales) => [
      guide({ x: scales.x(best), y: scales.top }, { x: scales.x(best), y: scales.bottom }),
      rows.map(({ value, interval, style }, row) => {
        const y = scales.y(row);
        return [
          markup`<text x="${scales.left - 8}" y="${y + 4}" text-anchor="end"${style === 1 && markup` class="muted"`}>${names[row]}</text>`,
          value < x.from
            ? markup`<text class="muted" x="${scales.left + 4}" y="${y + 4}">◂</text>`
            : [
                interval && whisker({ x: scales.x(interval[0]), y }, { x: scales.x(interval[1]), y }, style),
                dot({ x: scales.x(value), y }, style, names[row]),
              ],
        ];
      }),
    ],
  )}<figcaption>Points with ${Math.round(100 * level)} % intervals; the dashed line is the best model.${stated.length > 0 && ' Squares: peers, as the descriptor states them.'}</figcaption></figure>`;
}

/** How each model differs from the best: the main figure and the log loss. */
function differenceTable(evidence: Evidence, { models, mainFigure }: Comparison): Markup {
  const figures = [mainFigure, 'logloss'];
  const cell = (model: ComparedModel['model'], figure: string): Content[] => {
    const found = evidence.models[model]?.differences?.[figure];
    if (!found) return ['', ''];
    const { difference, interval, adjustedP } = found;
    const isFinding = adjustedP < SIGNIFICANT;
    const isWorse = isBetter(figure, 0, difference);
    return [
      markup`${signed(difference)}<small>${signed(interval[0])} to ${signed(interval[1])}</small>`,
      markup`<span class="${isFinding ? (isWorse ? 'bad' : 'good') : 'muted'}">${isFinding ? (isWorse ? 'worse' : 'better') : 'not told apart'}</span><small>${pText(adjustedP)}</small>`,
    ];
  };
  const others = models.filter(({ model }) => model !== evidence.best);
  if (others.length === 0) return markup``;
  return markup`<div class="tight">${dataTable(
    `Difference from ${evidence.best}, with its interval and whether it is a finding`,
    ['model', ...figures.flatMap((figure) => [{ text: nameOf(figure), title: meaningOf(figure) }, ''])],
    others.map(({ model }) => [model, ...figures.flatMap((figure) => cell(model, figure))]),
  )}</div>`;
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${decimals(Math.abs(value))}`;

function figureTable(evidence: Evidence, { models, task, peers, mainFigure }: Comparison): Markup {
  const hasValidation = evidence.by === 'test users' && models.some(({ onValidation }) => onValidation !== undefined);
  const figures = CHIEF_FIGURES[task].filter((figure) =>
    models.some(({ model }) => evidence.models[model]?.figures[figure] !== undefined),
  );
  const bestOf = (figure: string) =>
    models
      .map(({ model }) => evidence.models[model]?.figures[figure])
      .filter((value) => value !== undefined)
      .reduce((best, value) => (isBetter(figure, value, best) ? value : best));
  const best = Object.fromEntries(figures.map((figure) => [figure, bestOf(figure)]));
  const rows = models.map(({ model, seconds, onValidation }) => {
    const standing = evidence.models[model];
    return [
      model,
      ...figures.map((figure) => {
        const value = standing?.figures[figure];
        if (value === undefined) return '';
        const interval = standing?.intervals[figure];
        const deviation = standing?.deviations?.[figure];
        const text = value === best[figure] ? markup`<strong>${decimals(value)}</strong>` : decimals(value);
        const spread = deviation === undefined ? '' : ` ± ${decimals(deviation, 3)}`;
        return markup`${text}${spread}${interval && markup`<small>${decimals(interval[0], 3)}–${decimals(interval[1], 3)}</small>`}`;
      }),
      ...(hasValidation ? [onValidation === undefined ? '' : decimals(onValidation)] : []),
      seconds.toFixed(seconds < 10 ? 1 : 0),
    ];
  });
  const stated = Object.entries(peers)
    .filter(([, each]) => figures.some((figure) => each[peerName(evidence, figure)] !== undefined))
    .map(([peer, each]) => [
      markup`<em>${peer}</em>`,
      ...figures.map((figure) => {
        const value = each[peerName(evidence, figure)];
        return value === undefined ? '' : markup`<em>${decimals(value)}</em>`;
      }),
      ...(hasValidation ? [''] : []),
      '',
    ]);
  const isCrossed = evidence.by === 'cross-validation';
  return dataTable(
    `Figures with ${isCrossed ? 'the standard deviation between folds (±) and ' : ''}95 % intervals; the best of each in bold${stated.length > 0 ? '; peers as the descriptor states them in italics' : ''}`,
    [
      'model',
      ...figures.map((figure) => ({ text: nameOf(figure), title: meaningOf(figure) })),
      ...(hasValidation
        ? [{ text: `${nameOf(mainFigure)}, validation`, title: 'of validation users, who alone may choose a model' }]
        : []),
      'seconds',
    ],
    [...rows, ...stated],
  );
}

/** All figures that there are, for who looks for another. */
function everyFigure({ models, evidence }: Comparison): Markup {
  const names = [
    ...new Set(
      evidence.flatMap((each) => models.flatMap(({ model }) => Object.keys(each.models[model]?.figures ?? {}))),
    ),
  ];
  return markup`<details><summary>Every figure, and what it means</summary>${evidence.map((each) =>
    dataTable(
      evidenceName(each),
      ['figure', ...models.map(({ model }) => model), { text: 'meaning', isText: true }],
      names
        .filter((name) => models.some(({ model }) => each.models[model]?.figures[name] !== undefined))
        .map((name) => [
          nameOf(name),
          ...models.map(({ model }) => {
            const value = each.models[model]?.figures[name];
            return value === undefined ? '' : decimals(value);
          }),
          FIGURES[name]?.meaning ?? '',
        ]),
    ),
  )}</details>`;
}
