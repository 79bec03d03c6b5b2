import type { ComparedModel, Comparison, RiskPlots } from '../../comparison/comparison.js';
import { percent } from '../../comparison/summary.js';
import { dataTable, figuresOf, type Markup, markup, section } from '../markup.js';
import { bar, line } from '../svg/draw.js';
import { frame, percentNumber } from '../svg/frame.js';

/** How probabilities are spread among users with and without the event. */
export function scoresSection({ models }: Comparison): Markup {
  const ofRisk = models.filter(
    (model): model is ComparedModel & { plots: RiskPlots } => model.plots.task === 'risk' && tellsApart(model.plots),
  );
  const others = models.filter((model) => !ofRisk.some(({ model: name }) => name === model.model));
  if (ofRisk.length === 0) return markup``;
  const most = Math.max(
    ...ofRisk.flatMap(({ plots }) => [...shares(plots.scores.events), ...shares(plots.scores.others)]),
  );
  return section(
    'scores',
    'Probabilities by outcome',
    markup`<p>The less the two overlap, the better they can be told apart. Bars: users without the event; stepped line: users with it; each adds up to 100 %.</p>
<ul class="legend"><li><svg viewBox="0 0 36 14" aria-hidden="true"><rect class="f0 faint" width="36" height="14"/></svg>without the event</li><li><svg viewBox="0 0 36 14" aria-hidden="true"><line class="line w1" x1="0" x2="36" y1="7" y2="7"/></svg>with the event</li></ul>
<div class="plots small">${ofRisk.map(({ model, plots }) => scorePlot(model, plots.scores, most))}</div>
${others.length > 0 && markup`<p class="muted">Not drawn: ${others.map(({ model }) => model).join(', ')}, which ${others.length > 1 ? 'give' : 'gives'} nearly everybody the same probability.</p>`}`,
  );
}

const ALIKE = 0.99;

const tellsApart = ({ scores: { events, others } }: RiskPlots): boolean =>
  [events, others].every((counts) => Math.max(...shares(counts)) < ALIKE);

const shares = (counts: readonly number[]): number[] => {
  const all = counts.reduce((sum, value) => sum + value, 0);
  return counts.map((value) => (all > 0 ? value / all : 0));
};

function scorePlot(model: string, { width, events, others }: RiskPlots['scores'], most: number): Markup {
  const [withEvent, without] = [shares(events), shares(others)];
  const to = width * events.length;
  const range = (bin: number) =>
    bin === events.length - 1 && to < 1
      ? `${percent(bin * width)} and more`
      : `${percent(bin * width)}–${percent((bin + 1) * width)}`;
  const steps = withEvent.flatMap((share, bin) => [
    { x: bin * width, y: share },
    { x: (bin + 1) * width, y: share },
  ]);
  return markup`<figure><h3>${model}</h3>${frame(
    {
      title: `Probabilities of ${model} by outcome`,
      description: withEvent
        .map(
          (share, bin) =>
            `${range(bin)}: ${percent(share)} of users with the event, ${percent(without[bin])} of those without`,
        )
        .join('; '),
      x: { label: to < 1 ? 'probability (the last bin: and more)' : 'probability', from: 0, to, format: percentNumber },
      y: { label: 'share of users', from: 0, to: most, format: percentNumber },
      width: 300,
      height: 230,
    },
    (scales) => [
      without.map((share, bin) =>
        bar(scales, {
          from: scales.x(bin * width) + 0.5,
          to: scales.x((bin + 1) * width) - 0.5,
          height: share,
          style: 0,
          extra: 'faint',
          text: `${range(bin)}: ${percent(share)} of users without the event, ${percent(withEvent[bin])} of those with it`,
        }),
      ),
      line(scales, steps, 1, 'solid'),
    ],
  )}${figuresOf(
    dataTable(
      `Users by probability of ${model}`,
      ['probability', 'without the event', 'with it'],
      events.map((_, bin) => [range(bin), others[bin], events[bin]]),
    ),
  )}</figure>`;
}
