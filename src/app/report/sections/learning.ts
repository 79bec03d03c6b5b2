import { judgeLearning } from '../../../engine/metrics/over-fitting.js';
import { type LearningCurve, warningsOf } from '../../../engine/training/learning-curve.js';
import type { Comparison } from '../../comparison/comparison.js';
import { decimals } from '../../comparison/summary.js';
import { dataTable, figuresOf, type Markup, markup, section } from '../markup.js';
import { line } from '../svg/draw.js';
import { around, frame } from '../svg/frame.js';

/** Trainings drawn of one model: its members learn alike. */
const MOST_CURVES = 3;
/** Rows of the table beside a plot. */
const MOST_ROWS = 25;

/** Losses of training and validation users, step by step, with a sign where over-fitting begins. */
export function learningSection({ models }: Comparison): Markup {
  const recorded = models.filter(({ learning }) => learning.length > 0);
  if (recorded.length === 0)
    return section('learning', 'Learning curves', markup`<p>None of these models learns step by step.</p>`);
  return section(
    'learning',
    'Learning curves',
    markup`<p>Loss of training users (solid) and of validation users (dashed). What counts is the step of the least validation loss (marked): later steps are thrown away. Where the training loss goes on falling beyond it while the validation loss rises, the model over-fits (shaded).</p>
<ul class="legend"><li><svg viewBox="0 0 36 14" aria-hidden="true"><line class="line s0" x1="0" x2="36" y1="7" y2="7"/></svg>training</li><li><svg viewBox="0 0 36 14" aria-hidden="true"><line class="line s1" x1="0" x2="36" y1="7" y2="7"/></svg>validation</li><li><svg viewBox="0 0 36 14" aria-hidden="true"><line class="mark" x1="18" x2="18" y1="0" y2="14"/></svg>the step that counts</li><li><svg viewBox="0 0 36 14" aria-hidden="true"><rect class="shade" width="36" height="14"/></svg>over-fitting</li></ul>
<div class="plots small">${recorded.flatMap(({ model, learning }) => learning.slice(0, MOST_CURVES).map((curve) => learningPlot(model, curve)))}</div>
${learningTable(recorded)}
<ul>${recorded.flatMap(({ settings }) => warningsOf(settings)).map((warning) => markup`<li>${warning}</li>`)}</ul>`,
  );
}

function learningPlot(model: string, curve: LearningCurve): Markup {
  const points = curve.points.filter(({ step }) => Number.isFinite(step));
  const verdict = judgeLearning(curve);
  const steps = points.map(({ step }) => step);
  const [from, to] = [Math.min(...steps), Math.max(...steps, Math.min(...steps) + 1)];
  const y = around(points.flatMap(({ loss, validationLoss }) => [loss, validationLoss]));
  const said = verdict
    ? `Least validation loss at step ${verdict.best}${verdict.overfitsAfter ? '; over-fitting after it' : ''}.`
    : '';
  return markup`<figure><h3>${model} <span class="muted">${curve.name}</span></h3>${frame(
    {
      title: `Learning curve of ${model}, ${curve.name}`,
      description: said,
      x: { label: 'step', from, to, format: (step) => (Number.isInteger(step) ? String(step) : '') },
      y: { label: 'loss', ...y },
      width: 300,
      height: 230,
    },
    (scales) => {
      const best = verdict && scales.x(verdict.best);
      return [
        verdict?.overfitsAfter &&
          best !== undefined &&
          markup`<rect class="shade" x="${best}" y="${scales.top}" width="${Math.max(0, scales.right - best)}" height="${scales.bottom - scales.top}"><title>over-fitting</title></rect>`,
        best !== undefined &&
          markup`<line class="mark" x1="${best}" x2="${best}" y1="${scales.top}" y2="${scales.bottom}"><title>${said}</title></line>`,
        line(
          scales,
          points.map(({ step, loss }) => ({ x: step, y: loss })),
          0,
        ),
        line(
          scales,
          points.map(({ step, validationLoss }) => ({ x: step, y: validationLoss })),
          1,
        ),
      ];
    },
  )}<figcaption>${said}${verdict?.parted && ' Training and validation have parted.'}${figuresOf(
    dataTable(
      `Losses of ${model}, ${curve.name}`,
      ['step', 'training', 'validation'],
      sampled(points).map(({ step, loss, validationLoss }) => [step, decimals(loss), decimals(validationLoss)]),
    ),
  )}</figcaption></figure>`;
}

const sampled = <T>(points: readonly T[]): T[] => {
  const every = Math.ceil(points.length / MOST_ROWS);
  return points.filter((_, place) => place % every === 0 || place === points.length - 1);
};

function learningTable(recorded: Comparison['models']): Markup {
  const rows = recorded.flatMap(({ model, learning }) =>
    learning.flatMap((curve) => {
      const verdict = judgeLearning(curve);
      const at = curve.points.find(({ step }) => step === verdict?.best);
      if (!verdict || !at) return [];
      return [
        [
          model,
          curve.name,
          curve.points.length,
          verdict.best,
          decimals(at.loss),
          decimals(at.validationLoss),
          decimals(verdict.gap),
          verdict.overfitsAfter ? markup`<span class="bad">yes</span>` : 'no',
          verdict.parted ? markup`<span class="bad">yes</span>` : 'no',
        ],
      ];
    }),
  );
  return dataTable(
    'The step that counts. A gap is validation − training loss; training and validation have parted where it is more than a fifth of the training loss.',
    [
      'model',
      'training',
      'points',
      'best step',
      'training loss',
      'validation loss',
      'gap',
      'over-fits later',
      'parted',
    ],
    rows,
  );
}
