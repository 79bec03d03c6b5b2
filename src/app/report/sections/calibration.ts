import type { ReliabilityBin } from '../../../engine/metrics/calibration.js';
import type { ComparedModel, Comparison } from '../../comparison/comparison.js';
import { count, decimals, percent } from '../../comparison/summary.js';
import { dataTable, figuresOf, type Markup, markup, section } from '../markup.js';
import { dot, guide, line, whisker } from '../svg/draw.js';
import { frame, percentNumber } from '../svg/frame.js';

/** Whether probabilities mean what they say. */
export function calibrationSection(comparison: Comparison): Markup {
  const { models, task } = comparison;
  const most = Math.max(
    0.05,
    ...models.flatMap(({ plots }) => plots.reliability.map((bin) => Math.max(bin.predicted, bin.interval[1]))),
  );
  const to = Math.min(1, Math.ceil(most * 20) / 20);
  const said =
    task === 'risk'
      ? 'Users are put into ten bins of equal size by their probability. Where points lie on the dashed line, so many have the event as the probability says.'
      : 'Of the product ranked first for each user: its probability, against how often it is the one that was hidden. Users are put into ten bins of equal size.';
  return section(
    'calibration',
    'Calibration',
    markup`<p>${said} Bars are 95 % intervals (Wilson); the size of a point is its number of users. ECE is the mean distance from the line.</p>
${task === 'risk' && probabilityTable(models)}
<div class="plots small">${models.map((model) => reliabilityPlot(model, to))}</div>`,
  );
}

const probabilityTable = (models: Comparison['models']): Markup =>
  dataTable(
    'Probabilities against what happened',
    [
      'model',
      'mean probability',
      'event rate',
      { text: 'ECE', title: 'expected calibration error' },
      { text: 'by chance', title: 'what it would be of probabilities that are right, with so many users' },
      'Brier',
      'log loss',
    ],
    models.flatMap(({ model, plots, metrics }) =>
      plots.task === 'risk'
        ? [
            [
              model,
              percent(plots.meanProbability),
              percent(plots.eventRate),
              percent(plots.calibrationError, 2),
              percent(plots.calibrationErrorByChance, 2),
              decimals(metrics.brier ?? Number.NaN),
              decimals(metrics.logloss ?? Number.NaN),
            ],
          ]
        : [],
    ),
  );

function reliabilityPlot({ model, plots }: ComparedModel, to: number): Markup {
  const { reliability: bins, calibrationError: error } = plots;
  const largest = Math.max(...bins.map(({ users }) => users));
  const text = ({ users, predicted, observed }: ReliabilityBin) =>
    `${count(users)} users: predicted ${percent(predicted)}, observed ${percent(observed)}`;
  return markup`<figure><h3>${model} <span class="muted">ECE ${percent(error, 2)}</span></h3>${frame(
    {
      title: `Calibration of ${model}`,
      description: bins.map(text).join('; '),
      x: { label: 'predicted', from: 0, to, format: percentNumber },
      y: { label: 'observed', from: 0, to, format: percentNumber },
      width: 300,
      height: 270,
    },
    (scales) => [
      guide({ x: scales.x(0), y: scales.y(0) }, { x: scales.x(to), y: scales.y(to) }),
      line(
        scales,
        bins.map(({ predicted, observed }) => ({ x: predicted, y: observed })),
        0,
        'faint',
      ),
      bins.map((bin) => {
        const x = scales.x(bin.predicted);
        return [
          whisker({ x, y: scales.y(bin.interval[0]) }, { x, y: scales.y(Math.min(to, bin.interval[1])) }, 0),
          dot({ x, y: scales.y(bin.observed) }, 0, text(bin), 2.5 + 2.5 * Math.sqrt(bin.users / largest)),
        ];
      }),
    ],
  )}${figuresOf(
    dataTable(
      `Calibration of ${model}`,
      ['users', 'predicted', 'observed', 'interval'],
      bins.map(({ users, predicted, observed, interval }) => [
        count(users),
        percent(predicted),
        percent(observed),
        `${percent(interval[0])}–${percent(interval[1])}`,
      ]),
    ),
  )}</figure>`;
}
