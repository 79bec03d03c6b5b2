import { heightAt } from '../../../engine/metrics/curves.js';
import type { ComparedModel, Comparison, InterestPlots, RiskPlots } from '../../comparison/comparison.js';
import { decimals, percent } from '../../comparison/summary.js';
import { dataTable, figuresOf, type Markup, markup, section } from '../markup.js';
import { MOST_DRAWN } from '../style.js';
import { dot, guide, legend, line } from '../svg/draw.js';
import { frame, percentNumber } from '../svg/frame.js';

export type Drawn<Plots> = Omit<ComparedModel, 'plots'> & { readonly plots: Plots };

/** The best models, as many as one plot can show. */
export const drawnOf = <Plots extends RiskPlots | InterestPlots>(
  { models }: Comparison,
  task: Plots['task'],
): Drawn<Plots>[] =>
  models.filter((model): model is Drawn<Plots> & ComparedModel => model.plots.task === task).slice(0, MOST_DRAWN);

/** Says what is not drawn. */
export const drawnNote = ({ models }: Comparison): string =>
  models.length > MOST_DRAWN ? ` The ${MOST_DRAWN} best of ${models.length} models are drawn.` : '';

const SHARE = { from: 0, to: 1, format: percentNumber };

/** ROC and precision-recall curves of a risk model. */
export function rankingSection(comparison: Comparison): Markup {
  const drawn = drawnOf<RiskPlots>(comparison, 'risk');
  const names = drawn.map(({ model }) => model);
  const rate = drawn[0].plots.eventRate;
  const legendOf = legend(names);
  const at = [0.05, 0.1, 0.2, 0.3, 0.5];
  return section(
    'ranking',
    'Who is ranked above whom',
    markup`<div class="plots">
<figure><h3>ROC</h3>${frame(
      {
        title: 'ROC curves',
        description: `Share of the events found against share of false alarms. ${drawn.map(({ model, metrics }) => `${model}: AUC ${decimals(metrics.auc ?? Number.NaN)}`).join('; ')}.`,
        x: { label: 'false alarms: share of users without the event', ...SHARE },
        y: { label: 'found: share of events', ...SHARE },
        height: 360,
      },
      (scales) => [
        guide({ x: scales.x(0), y: scales.y(0) }, { x: scales.x(1), y: scales.y(1) }),
        drawn.map(({ plots }, style) => line(scales, plots.roc, style)),
      ],
    )}${legendOf}<figcaption>The farther above the dashed line (chance), the better.${drawnNote(comparison)}${figuresOf(
      dataTable(
        'Share of events found, at a share of false alarms',
        ['model', ...at.map((share) => percent(share, 0))],
        drawn.map(({ model, plots }) => [model, ...at.map((share) => percent(heightAt(plots.roc, share)))]),
      ),
    )}</figcaption></figure>
<figure><h3>Precision and recall</h3>${frame(
      {
        title: 'Precision-recall curves',
        description: `Share of those predicted who have the event against share of events found. By chance ${percent(rate)}.`,
        x: { label: 'recall: share of events found', ...SHARE },
        y: { label: 'precision: share of alarms that are right', ...SHARE },
        height: 360,
      },
      (scales) => [
        guide({ x: scales.x(0), y: scales.y(rate) }, { x: scales.x(1), y: scales.y(rate) }),
        drawn.map(({ plots }, style) => line(scales, plots.precisionRecall, style)),
      ],
    )}${legendOf}<figcaption>The dashed line is the event rate (${percent(rate)}): what chance gives.${figuresOf(
      dataTable(
        'Precision at a recall',
        ['model', ...at.map((share) => percent(share, 0))],
        drawn.map(({ model, plots }) => [model, ...at.map((share) => percent(heightAt(plots.precisionRecall, share)))]),
      ),
    )}</figcaption></figure></div>`,
  );
}

/** Recall among the first k of a recommender. */
export function recallSection(comparison: Comparison): Markup {
  const drawn = drawnOf<InterestPlots>(comparison, 'interest');
  const most = drawn[0].plots.recallAt.length;
  const ks = Array.from({ length: most }, (_, at) => at + 1);
  return section(
    'ranking',
    'How far down the hidden product is',
    markup`<p>For each test user one product owned is hidden; the model ranks it among all products that the user does not show.</p>
<div class="plots"><figure>${frame(
      {
        title: 'Recall among the first k',
        description: drawn
          .map(
            ({ model, plots }) =>
              `${model}: ${plots.recallAt.map(({ recall }, at) => `${percent(recall)} at ${at + 1}`).join(', ')}`,
          )
          .join('; '),
        x: { label: 'k: so many products are shown', from: 1, to: Math.max(2, most), ticks: ks },
        y: { label: 'hidden product among them', ...SHARE },
        height: 340,
      },
      (scales) =>
        drawn.map(({ model, plots }, style) => [
          line(
            scales,
            plots.recallAt.map(({ recall }, at) => ({ x: at + 1, y: recall })),
            style,
          ),
          plots.recallAt.map(({ recall }, at) =>
            dot(
              { x: scales.x(at + 1), y: scales.y(recall) },
              style,
              `${model}, k = ${at + 1}: ${percent(recall)}`,
              3.5,
            ),
          ),
        ]),
    )}${legend(drawn.map(({ model }) => model))}<figcaption>${drawnNote(comparison)}</figcaption></figure>
${dataTable(
  'Hidden product among the first k, with 95 % intervals (Wilson)',
  ['k', ...drawn.map(({ model }) => model)],
  ks.map((k) => [
    k,
    ...drawn.map(({ plots }) => {
      const { recall, interval } = plots.recallAt[k - 1];
      return markup`${percent(recall)}<small>${percent(interval[0])}–${percent(interval[1])}</small>`;
    }),
  ]),
)}</div>`,
  );
}
